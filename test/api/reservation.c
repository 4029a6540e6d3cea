/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reservation.c - tests pmem2_vm_reservation_*(): reservations of address space, and maps in
 * reservations
 */
#include <errno.h>

#include "api/fixture.h"
#include "api/space.h"

static size_t page;
static struct pmem2_source *src; /* anonymous, 4 pages */
static struct pmem2_config *cfg;

static struct pmem2_vm_reservation *reserve(size_t pages)
{
	struct pmem2_vm_reservation *rsv;

	if (pmem2_vm_reservation_new(&rsv, NULL, pages * page))
		bail("cannot make a reservation: %s", pmem2_errormsg());
	return rsv;
}

/*
 * Makes a reservation of `pages` pages. The same number of pages behind the reservation is free
 * address space.
 */
static struct pmem2_vm_reservation *reserve_with_room(size_t pages)
{
	struct pmem2_vm_reservation *both = reserve(2 * pages), *rsv;
	char *addr = pmem2_vm_reservation_get_address(both);

	pmem2_vm_reservation_delete(&both);
	if (pmem2_vm_reservation_new(&rsv, addr, pages * page))
		bail("cannot make a reservation: %s", pmem2_errormsg());
	return rsv;
}

/*
 * Maps `pages` pages of the source at `offset`, in bytes, in the reservation. Then removes the
 * reservation from the config.
 */
static int map_at(
	struct pmem2_vm_reservation *rsv, size_t offset, size_t pages, struct pmem2_map **map)
{
	pmem2_config_set_vm_reservation(cfg, rsv, offset);
	pmem2_config_set_length(cfg, pages * page);
	int result = pmem2_map_new(map, cfg, src);
	pmem2_config_set_length(cfg, 0);
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	return result;
}

static struct pmem2_map *mapped(struct pmem2_vm_reservation *rsv, size_t at, size_t pages)
{
	struct pmem2_map *map;

	if (map_at(rsv, at * page, pages, &map))
		bail("cannot make a map: %s", pmem2_errormsg());
	return map;
}

static void deleted(struct pmem2_vm_reservation *rsv)
{
	if (!is_int(pmem2_vm_reservation_delete(&rsv), 0,
		    "vm_reservation_delete: the reservation is deleted"))
		diag("%s", pmem2_errormsg());
}

static void life(void)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED, *twin = UNTOUCHED;

	is_int(pmem2_vm_reservation_new(&rsv, NULL, 16 * page), 0,
		"vm_reservation_new: an address of NULL is accepted");
	char *addr = pmem2_vm_reservation_get_address(rsv);
	is_int(pmem2_vm_reservation_get_size(rsv), 16 * page,
		"vm_reservation_get_size: it returns the requested size");
	is_int((uintptr_t)addr % (2 << 20), 0,
		"vm_reservation_new: the reservation lies at a multiple of 2 MiB");
	is_int(space_at(addr, 16 * page, "---p"), 16 * page,
		"vm_reservation_new: the memory of the reservation is inaccessible");
	is_int(pmem2_vm_reservation_new(&twin, addr + page, page), PMEM2_E_MAPPING_EXISTS,
		"vm_reservation_new: an address at which something is mapped fails with MAPPING_EXISTS");
	ok(!twin, "vm_reservation_new: the output is NULL if something is mapped at the address");
	has_str(pmem2_errormsg(), "something is already mapped",
		"vm_reservation_new: the message says that something is mapped at the address");
	is_int(pmem2_vm_reservation_delete(&rsv), 0,
		"vm_reservation_delete: a reservation without maps is deleted");
	ok(!rsv, "vm_reservation_delete: the pointer becomes NULL");
	is_int(space_used(addr, 16 * page), 0,
		"vm_reservation_delete: nothing remains mapped in the address range");

	is_int(pmem2_vm_reservation_new(&rsv, addr + page, 3 * page), 0,
		"vm_reservation_new: a free address is accepted");
	ok(pmem2_vm_reservation_get_address(rsv) == addr + page,
		"vm_reservation_new: the reservation lies at the given address");
	pmem2_vm_reservation_delete(&rsv);
	is_int(pmem2_vm_reservation_new(&rsv, NULL, (size_t)2 << 30), 0,
		"vm_reservation_new: a reservation of 2 GiB is made");
	is_int((uintptr_t)pmem2_vm_reservation_get_address(rsv) % (1 << 30), 0,
		"vm_reservation_new: a reservation of 2 GiB begins at a multiple of 1 GiB");
	pmem2_vm_reservation_delete(&rsv);
}

static void not_reserved(void *addr, size_t size, int want, const char *what)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED;

	is_int(pmem2_vm_reservation_new(&rsv, addr, size), want, "%s: is refused", what);
	ok(!rsv, "%s: the reservation becomes NULL", what);
}

static void bad_reservations(void)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED;

	not_reserved((char *)page + 1, page, PMEM2_E_ADDRESS_UNALIGNED,
		"vm_reservation_new: an odd address");
	not_reserved((char *)page + 1, 1, PMEM2_E_ADDRESS_UNALIGNED,
		"vm_reservation_new: an odd address with an odd length");
	not_reserved(NULL, 1, PMEM2_E_LENGTH_UNALIGNED,
		"vm_reservation_new: an odd length is LENGTH_UNALIGNED");
	not_reserved(NULL, 0, -EINVAL, "vm_reservation_new: a size of 0");
	has_str(pmem2_errormsg(), "no bytes",
		"vm_reservation_new: the message for a size of 0 says \"no bytes\"");
	not_reserved(NULL, -page, -ENOMEM, "vm_reservation_new: a size of all address space");
	is_int(pmem2_vm_reservation_new(&rsv, NULL, (size_t)1 << 62) < 0, 1,
		"vm_reservation_new: a size of 4 EiB is refused");
	ok(!rsv, "vm_reservation_new: the output is NULL for a size of 4 EiB");
	not_reserved((char *)(-4 * page), 8 * page, -ENOMEM,
		"vm_reservation_new: a range beyond the end of the address space");
}

#ifdef __SANITIZE_THREAD__
#define OF_OTHERS (1 << 20) /* bytes that gcc 14's thread sanitizer may map during the test */
#else
#define OF_OTHERS 0
#endif

/* Tests for leaks: in PMDK, each reservation of 64 KiB leaks nearly 4 MiB of address space. */
static void nothing_left_behind(void)
{
	struct pmem2_vm_reservation *rsv;
	size_t lines = space_lines(), before = space_total();

	for (int i = 0; i < 100; i++) {
		rsv = reserve(16);
		if (!i && !under_valgrind())
			is_int(space_total() - before, 16 * page,
				"reserved space: a reservation uses exactly as much address space as its size");
		struct pmem2_map *map = mapped(rsv, 4, 2);
		pmem2_vm_reservation_extend(rsv, 4 * page);
		pmem2_vm_reservation_shrink(rsv, 0, page);
		pmem2_map_delete(&map);
		pmem2_vm_reservation_delete(&rsv);
	}
	if (!under_valgrind())
		ok(space_total() - before <= OF_OTHERS,
			"reserved space: after 100 reservations are deleted, no address space remains in use");
	else
		skip("reserved space: after 100 reservations are deleted, no address space remains in use",
			"valgrind uses address space itself");
	ok(space_lines() < lines + 20,
		"reserved space: after 100 reservations are deleted, no mappings remain");
}

static void extends(void)
{
	struct pmem2_vm_reservation *rsv = reserve_with_room(8), *next;
	struct pmem2_map *map = mapped(rsv, 7, 1);
	char *addr = pmem2_vm_reservation_get_address(rsv);

	*(char *)pmem2_map_get_address(map) = 'x';
	is_int(pmem2_vm_reservation_extend(rsv, 1), PMEM2_E_LENGTH_UNALIGNED,
		"vm_reservation_extend: an odd length fails with LENGTH_UNALIGNED");
	is_int(pmem2_vm_reservation_extend(rsv, 0), 0,
		"vm_reservation_extend: 0 bytes are accepted");
	is_int(pmem2_vm_reservation_extend(rsv, 2 * page), 0,
		"vm_reservation_extend: 2 pages are added to the reservation");
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page,
		"vm_reservation_extend: the size of the reservation has grown by 2 pages");
	ok(pmem2_vm_reservation_get_address(rsv) == addr,
		"vm_reservation_extend: the address of the reservation does not change");
	is_int(*(char *)pmem2_map_get_address(map), 'x',
		"vm_reservation_extend: a map in the reservation keeps its bytes");
	is_int(pmem2_vm_reservation_new(&next, addr + 12 * page, page), 0,
		"vm_reservation_new: an address 2 pages behind another reservation is accepted");
	is_int(pmem2_vm_reservation_extend(rsv, 3 * page), PMEM2_E_MAPPING_EXISTS,
		"vm_reservation_extend: it fails with MAPPING_EXISTS if another reservation has the range");
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page,
		"vm_reservation_extend: a failure does not change the size");
	is_int(space_used(addr + 10 * page, 2 * page), 0,
		"vm_reservation_extend: after a failure nothing is mapped behind the end of the reservation");
	is_int(pmem2_vm_reservation_extend(rsv, -page), -ENOMEM,
		"vm_reservation_extend: a size that overflows fails with ENOMEM");
	is_int(pmem2_vm_reservation_extend(rsv, -16 * page), -ENOMEM,
		"vm_reservation_extend: a size of all address space fails with ENOMEM");
	struct pmem2_map *late = mapped(rsv, 8, 2);
	is_int(pmem2_map_delete(&late), 0,
		"map_delete: a map in the added pages of a reservation is deleted");
	pmem2_map_delete(&map);
	deleted(next);
	deleted(rsv);
}

static void shrinks_refused(struct pmem2_vm_reservation *rsv)
{
	static const struct {
		size_t offset, size; /* unit: a quarter of a page */
		int want;
		const char *what;
	} cases[] = {
		{1, 1, PMEM2_E_OFFSET_UNALIGNED, "odd offset and odd length"},
		{4, 1, PMEM2_E_LENGTH_UNALIGNED, "odd length"},
		{400, 1, PMEM2_E_LENGTH_UNALIGNED, "odd length and an offset beyond the end"},
		{40, 0, PMEM2_E_OFFSET_OUT_OF_RANGE, "offset at the end and length 0"},
		{400, 4, PMEM2_E_OFFSET_OUT_OF_RANGE, "offset beyond the end"},
		{4, 0, PMEM2_E_LENGTH_OUT_OF_RANGE, "length 0"},
		{36, 8, PMEM2_E_LENGTH_OUT_OF_RANGE, "range that ends beyond the end"},
		{4, (size_t)-4, PMEM2_E_LENGTH_OUT_OF_RANGE,
			"offset and length whose sum overflows"},
		{16, 4, PMEM2_E_NOSUPP, "range in the middle, with a map behind it"},
		{0, 40, PMEM2_E_NOSUPP, "the whole reservation, with a map in it"},
		{0, 20, PMEM2_E_VM_RESERVATION_NOT_EMPTY, "range at the front, with a map in it"},
		{16, 24, PMEM2_E_VM_RESERVATION_NOT_EMPTY, "range at the end, with a map in it"},
	};
	struct pmem2_map *map = mapped(rsv, 4, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = cases[i].size > SIZE_MAX / 2 ? -page : cases[i].size * page / 4;
		is_int(pmem2_vm_reservation_shrink(rsv, cases[i].offset * page / 4, size),
			cases[i].want, "vm_reservation_shrink, %s: it is refused", cases[i].what);
	}
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page,
		"vm_reservation_shrink: a failure does not change the size");
	pmem2_map_delete(&map);
}

static void shrinks(void)
{
	struct pmem2_vm_reservation *rsv = reserve(10);
	char *addr = pmem2_vm_reservation_get_address(rsv);

	shrinks_refused(rsv);
	struct pmem2_map *map = mapped(rsv, 4, 1), *found;
	is_int(pmem2_vm_reservation_shrink(rsv, 8 * page, 2 * page), 0,
		"vm_reservation_shrink: a range at the end of the reservation is removed");
	is_int(pmem2_vm_reservation_get_size(rsv), 8 * page,
		"vm_reservation_shrink: the reservation is smaller after a shrink at the end");
	is_int(space_used(addr + 8 * page, 2 * page), 0,
		"vm_reservation_shrink: the pages removed at the end are not mapped any more");
	is_int(pmem2_vm_reservation_shrink(rsv, 0, 4 * page), 0,
		"vm_reservation_shrink: a range from the start of the reservation up to a map is removed");
	ok(pmem2_vm_reservation_get_address(rsv) == addr + 4 * page,
		"vm_reservation_shrink: the reservation's address is higher after a shrink at the front");
	is_int(pmem2_vm_reservation_get_size(rsv), 4 * page,
		"vm_reservation_shrink: the reservation is smaller after a shrink at the front");
	is_int(space_used(addr, 4 * page), 0,
		"vm_reservation_shrink: the pages removed at the front are not mapped any more");
	is_int(pmem2_vm_reservation_map_find(rsv, 0, page, &found), 0,
		"map_find: a map is found after a shrink at the front");
	ok(found == map, "map_find: the same map is found before and after a shrink at the front");
	ok(pmem2_map_get_address(map) == addr + 4 * page,
		"vm_reservation_shrink: the address of a map does not change");
	pmem2_map_delete(&map);
	deleted(rsv);
}

static void delete_with_maps(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4), *same = rsv;
	struct pmem2_map *map = mapped(rsv, 0, 4);

	is_int(pmem2_vm_reservation_delete(&rsv), PMEM2_E_VM_RESERVATION_NOT_EMPTY,
		"vm_reservation_delete: a reservation with a map fails with VM_RESERVATION_NOT_EMPTY");
	ok(rsv == same, "vm_reservation_delete: a failure does not change the pointer");
	has_str(pmem2_errormsg(), "1 map",
		"vm_reservation_delete: the message for a reservation with maps has their number");
	*(char *)pmem2_map_get_address(map) = 1;
	is_int(pmem2_map_delete(&map), 0,
		"map_delete: after its reservation could not be deleted, the map can be deleted");
	deleted(rsv);
}

/* Tests that map_new() refuses a range of the reservation with the error `want`. */
static void refused(
	struct pmem2_vm_reservation *rsv, size_t offset, size_t pages, int want, const char *what)
{
	struct pmem2_map *map = UNTOUCHED;

	is_int(map_at(rsv, offset, pages, &map), want, "%s: is refused", what);
	ok(!map, "%s: the map becomes NULL", what);
}

static void placements(void)
{
	struct pmem2_vm_reservation *rsv = reserve(8);
	struct pmem2_map *map, *other;
	char *addr = pmem2_vm_reservation_get_address(rsv);

	is_int(map_at(rsv, 2 * page, 3, &map), 0,
		"map_new: 3 pages are mapped at an offset of 2 pages in a reservation");
	ok(pmem2_map_get_address(map) == addr + 2 * page,
		"map_new: the address of a map in a reservation is the reservation's address plus the offset");
	is_int(pmem2_map_get_size(map), 3 * page,
		"map_new: a map in a reservation has the requested size");
	memset(pmem2_map_get_address(map), 7, 3 * page);
	refused(rsv, 1, 1, PMEM2_E_OFFSET_UNALIGNED, "map_new: an odd offset in a reservation");
	refused(rsv, 8 * page + 1, 1, PMEM2_E_OFFSET_UNALIGNED,
		"map_new: an odd offset beyond the end of a reservation");
	refused(rsv, 8 * page, 1, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: an offset at the end of a reservation");
	refused(rsv, 7 * page, 2, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: a range past the end of a reservation");
	refused(rsv, 4 * page, 0, PMEM2_E_MAPPING_EXISTS,
		"map_new: a range of a reservation whose last page is taken");
	refused(rsv, 5 * page, 0, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: a range past the end of a reservation that overlaps a map");
	refused(rsv, 2 * page, 3, PMEM2_E_MAPPING_EXISTS, "map_new: the range of another map");
	refused(rsv, page, 4, PMEM2_E_MAPPING_EXISTS, "map_new: a range around another map");
	refused(rsv, page, 2, PMEM2_E_MAPPING_EXISTS, "map_new: a range that ends in another map");
	refused(rsv, 3 * page, 1, PMEM2_E_MAPPING_EXISTS, "map_new: a range inside another map");
	is_int(*((char *)pmem2_map_get_address(map) + 3 * page - 1), 7,
		"map_new: refused maps do not change the bytes of other maps");
	is_int(map_at(rsv, 0, 2, &other), 0,
		"map_new: a range that ends where another map begins is mapped");
	pmem2_map_delete(&other);
	is_int(map_at(rsv, 5 * page, 3, &other), 0,
		"map_new: a range from the end of another map to the end of the reservation is mapped");
	pmem2_map_delete(&other);
	pmem2_map_delete(&map);
	is_int(space_at(addr, 8 * page, "---p"), 8 * page,
		"map_delete: the memory of deleted maps in a reservation is inaccessible");
	pmem2_config_set_vm_reservation(cfg, rsv, 1);
	pmem2_config_set_vm_reservation(cfg, NULL, 1);
	is_int(pmem2_map_new(&map, cfg, src), 0,
		"config_set_vm_reservation: NULL removes the reservation, also with an odd offset");
	ok((char *)pmem2_map_get_address(map) >= addr + 8 * page ||
			(char *)pmem2_map_get_address(map) < addr,
		"config_set_vm_reservation: after NULL the map lies outside the reservation");
	pmem2_map_delete(&map);
	deleted(rsv);
}

/* Tests failures of map_new() after its mmap(2) has already replaced a range of the reservation. */
static void slots_restored(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4);
	int reader = file_of(2 * page, O_RDONLY), writer = file_of(2 * page, O_RDWR);
	struct pmem2_source *ro = source_of(reader), *rw = source_of(writer);
	struct pmem2_map *map = UNTOUCHED;
	char *addr = pmem2_vm_reservation_get_address(rsv);

	pmem2_config_set_vm_reservation(cfg, rsv, page);
	is_int(pmem2_map_new(&map, cfg, ro), PMEM2_E_NO_ACCESS,
		"map_new: a descriptor that is open for reading only fails with NO_ACCESS");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page,
		"map_new: after it failed with NO_ACCESS the range of the reservation is inaccessible again");
	setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_BYTE);
	is_int(pmem2_map_new(&map, cfg, rw), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
		"map_new: PAGE granularity in a reservation fails with GRANULARITY_NOT_SUPPORTED if BYTE is required");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page,
		"map_new: after GRANULARITY_NOT_SUPPORTED the range of the reservation is inaccessible again");
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_first: it finds no map after map_new failed with GRANULARITY_NOT_SUPPORTED");
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	is_int(pmem2_map_new(&map, cfg, rw), 0,
		"map_new: after GRANULARITY_NOT_SUPPORTED a second call can map the range of the reservation");
	strcpy(pmem2_map_get_address(map), "kept");
	pmem2_get_flush_fn(map)(pmem2_map_get_address(map), 5);
	pmem2_map_delete(&map);
	char text[5] = "";
	ok(pread(writer, text, 5, 0) == 5 && !strcmp(text, "kept"),
		"map_delete: flushed stores to a map in a reservation are in the file");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page,
		"map_delete: the range of a deleted map in a reservation is inaccessible again");
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	pmem2_source_delete(&ro);
	pmem2_source_delete(&rw);
	close(reader);
	close(writer);
	deleted(rsv);
}

/*
 * Returns the map that pmem2_vm_reservation_map_find() finds in the range; NULL if it finds none;
 * UNTOUCHED if its error code and its output contradict each other.
 */
static struct pmem2_map *find(struct pmem2_vm_reservation *rsv, size_t offset, size_t length)
{
	struct pmem2_map *map = UNTOUCHED;
	int result = pmem2_vm_reservation_map_find(rsv, offset, length, &map);

	return result == 0 || (result == PMEM2_E_MAPPING_NOT_FOUND && !map) ? map : UNTOUCHED;
}

static void finds(void)
{
	struct pmem2_vm_reservation *rsv = reserve(10), *other = reserve(4);
	struct pmem2_map *a = mapped(rsv, 2, 2), *b = mapped(rsv, 6, 1), *map = UNTOUCHED;
	struct pmem2_map *stranger = mapped(other, 0, 1);

	ok(!find(rsv, 0, 2 * page), "map_find: no map is found in a range before the first map");
	ok(find(rsv, 0, 2 * page + 1) == a,
		"map_find: a map is found if only its first byte is in the range");
	ok(find(rsv, 3 * page, page) == a, "map_find: a map is found by a range inside the map");
	ok(find(rsv, 4 * page - 1, 1) == a,
		"map_find: a map is found if only its last byte is in the range");
	ok(!find(rsv, 4 * page, 2 * page), "map_find: no map is found in a range between two maps");
	ok(find(rsv, 4 * page, 3 * page) == b,
		"map_find: the second map is found by a range from the end of the first map into the second");
	ok(find(rsv, 0, 10 * page) == a,
		"map_find: the map at the lower address is found by a range with two maps");
	ok(find(rsv, 3 * page, SIZE_MAX) == a && find(rsv, 5 * page, SIZE_MAX) == b,
		"map_find: the next map is found even if the sum of offset and length overflows");
	ok(find(rsv, 2 * page, 0) == a,
		"map_find: a map is found by a range of 0 bytes at its start");
	ok(find(rsv, 3 * page + 1, 0) == a,
		"map_find: a map is found by a range of 0 bytes inside the map");
	ok(!find(rsv, 4 * page, 0),
		"map_find: a map is not found by a range of 0 bytes at its end");
	ok(!find(rsv, 10 * page, page) && !find(rsv, -8 * page, SIZE_MAX),
		"map_find: no map is found in a range beyond the end of the reservation");
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), 0, "map_find_first: a map is found");
	ok(map == a, "map_find_first: the found map is the lowest");
	is_int(pmem2_vm_reservation_map_find_next(rsv, a, &map), 0,
		"map_find_next: a map is found behind the first map");
	ok(map == b, "map_find_next: the map behind the first map is the second map");
	is_int(pmem2_vm_reservation_map_find_next(rsv, b, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_next: no map follows the last one");
	ok(!map, "map_find_next: the output is NULL if no map follows");
	is_int(pmem2_vm_reservation_map_find_last(rsv, &map), 0, "map_find_last: a map is found");
	ok(map == b, "map_find_last: the found map is the highest");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, b, &map), 0,
		"map_find_prev: a map is found before the second map");
	ok(map == a, "map_find_prev: the map before the second map is the first map");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, a, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_prev: no map precedes the first one");
	ok(!map, "map_find_prev: the output is NULL if no map precedes");
	map = UNTOUCHED;
	is_int(pmem2_vm_reservation_map_find_next(rsv, stranger, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_next: a map of another reservation fails with MAPPING_NOT_FOUND");
	ok(!map, "map_find_next: the output is NULL for a map of another reservation");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, stranger, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_prev: a map of another reservation fails with MAPPING_NOT_FOUND");
	pmem2_map_delete(&a);
	pmem2_map_delete(&b);
	pmem2_map_delete(&stranger);
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_first: an empty reservation has no first map");
	ok(!map, "map_find_first: in an empty reservation the output becomes NULL");
	is_int(pmem2_vm_reservation_map_find_last(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_find_last: an empty reservation has no last map");
	ok(!map, "map_find_last: in an empty reservation the output becomes NULL");
	deleted(other);
	deleted(rsv);
}

/*
 * Tests a map of a file that ends within a page: the rest of the file's last page does not belong
 * to the map, but no other map can use it.
 */
static void odd_file(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4);
	int fd = file_of(page + 7, O_RDWR);
	struct pmem2_source *odd = source_of(fd);
	struct pmem2_map *map, *second = UNTOUCHED;

	pmem2_config_set_vm_reservation(cfg, rsv, 0);
	is_int(pmem2_map_new(&map, cfg, odd), 0,
		"map_new: a file that ends within a page is mapped in a reservation");
	ok(find(rsv, page + 6, 1) == map,
		"map_find: a map of a file that ends within a page is found at the file's last byte");
	ok(!find(rsv, page + 7, 1),
		"map_find: no map is found at the byte behind the end of a file that ends within a page");
	refused(rsv, page, 1, PMEM2_E_MAPPING_EXISTS,
		"map_new: a range in the last page of a file that ends within a page");
	pmem2_config_set_vm_reservation(cfg, rsv, 2 * page);
	is_int(pmem2_map_new(&second, cfg, odd), 0,
		"map_new: the page behind the map of a file that ends within a page can be mapped");
	pmem2_map_delete(&second);
	pmem2_config_set_vm_reservation(cfg, rsv, 3 * page);
	is_int(pmem2_map_new(&second, cfg, odd), PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: the last page of a file that ends within a page must fit in the reservation as a whole");
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	pmem2_map_delete(&map);
	pmem2_source_delete(&odd);
	close(fd);
	deleted(rsv);
}

static void nulls(void)
{
	struct pmem2_vm_reservation *rsv = reserve(1), *none = NULL;
	struct pmem2_map *map = mapped(rsv, 0, 1), *out = UNTOUCHED;

	is_int(pmem2_config_set_vm_reservation(NULL, rsv, 0), -EINVAL,
		"config_set_vm_reservation: NULL for the config is refused");
	is_int(pmem2_vm_reservation_new(NULL, NULL, page), -EINVAL,
		"vm_reservation_new: NULL for the output is refused");
	has_str(pmem2_errormsg(), "rsv_ptr is NULL",
		"vm_reservation_new: the message names the argument that is NULL");
	is_int(pmem2_vm_reservation_delete(NULL), -EINVAL,
		"vm_reservation_delete: NULL is refused");
	is_int(pmem2_vm_reservation_delete(&none), -EINVAL,
		"vm_reservation_delete: a pointer to NULL is refused");
	is_int(pmem2_vm_reservation_extend(NULL, page), -EINVAL,
		"vm_reservation_extend: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_shrink(NULL, 0, page), -EINVAL,
		"vm_reservation_shrink: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_map_find(NULL, 0, 1, &out), -EINVAL,
		"map_find: NULL for the reservation is refused");
	ok(!out, "map_find: without a reservation the output becomes NULL");
	is_int(pmem2_vm_reservation_map_find(rsv, 0, 1, NULL), -EINVAL,
		"map_find: NULL for the output is refused");
	is_int(pmem2_vm_reservation_map_find_prev(NULL, map, &out), -EINVAL,
		"map_find_prev: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, NULL, &out), -EINVAL,
		"map_find_prev: NULL for the map is refused");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, map, NULL), -EINVAL,
		"map_find_prev: NULL for the output is refused");
	is_int(pmem2_vm_reservation_map_find_next(NULL, map, &out), -EINVAL,
		"map_find_next: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_map_find_next(rsv, NULL, &out), -EINVAL,
		"map_find_next: NULL for the map is refused");
	is_int(pmem2_vm_reservation_map_find_next(rsv, map, NULL), -EINVAL,
		"map_find_next: NULL for the output is refused");
	is_int(pmem2_vm_reservation_map_find_first(NULL, &out), -EINVAL,
		"map_find_first: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_map_find_first(rsv, NULL), -EINVAL,
		"map_find_first: NULL for the output is refused");
	is_int(pmem2_vm_reservation_map_find_last(NULL, &out), -EINVAL,
		"map_find_last: NULL for the reservation is refused");
	is_int(pmem2_vm_reservation_map_find_last(rsv, NULL), -EINVAL,
		"map_find_last: NULL for the output is refused");
	pmem2_map_delete(&map);
	deleted(rsv);
}

int main(void)
{
	page = page_size();
	pmem2_source_from_anon(&src, 4 * page);
	cfg = config();
	life();
	bad_reservations();
	nothing_left_behind();
	extends();
	shrinks();
	delete_with_maps();
	placements();
	slots_restored();
	finds();
	odd_file();
	nulls();
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	return tap_done();
}
