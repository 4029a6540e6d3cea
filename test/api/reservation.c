/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reservation.c - address space set aside, and maps
 * put into it
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
		bail("no reservation: %s", pmem2_errormsg());
	return rsv;
}

/* Map `pages` of the source at `offset` bytes; the config is then as it was. */
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
		bail("no map: %s", pmem2_errormsg());
	return map;
}

static void deleted(struct pmem2_vm_reservation *rsv)
{
	if (!is_int(pmem2_vm_reservation_delete(&rsv), 0, "the reservation is deleted"))
		diag("%s", pmem2_errormsg());
}

static void life(void)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED, *twin = UNTOUCHED;

	is_int(pmem2_vm_reservation_new(&rsv, NULL, 16 * page), 0, "anywhere");
	char *addr = pmem2_vm_reservation_get_address(rsv);
	is_int(pmem2_vm_reservation_get_size(rsv), 16 * page, "of the size asked for");
	is_int((uintptr_t)addr % (2 << 20), 0, "at a multiple of 2 MiB");
	is_int(space_at(addr, 16 * page, "---p"), 16 * page, "is inaccessible memory");
	is_int(pmem2_vm_reservation_new(&twin, addr + page, page), PMEM2_E_MAPPING_EXISTS,
		"where something is mapped");
	ok(!twin, "nothing is reserved: NULL");
	has_str(pmem2_errormsg(), "something is mapped", "and it is said");
	is_int(pmem2_vm_reservation_delete(&rsv), 0, "deleted");
	ok(!rsv, "which leaves NULL");
	is_int(space_used(addr, 16 * page), 0, "and nothing mapped");

	is_int(pmem2_vm_reservation_new(&rsv, addr + page, 3 * page), 0, "at a given address");
	ok(pmem2_vm_reservation_get_address(rsv) == addr + page, "which is where it is");
	pmem2_vm_reservation_delete(&rsv);
	is_int(pmem2_vm_reservation_new(&rsv, NULL, (size_t)2 << 30), 0, "2 GiB");
	is_int((uintptr_t)pmem2_vm_reservation_get_address(rsv) % (1 << 30), 0,
		"are at a multiple of 1 GiB");
	pmem2_vm_reservation_delete(&rsv);
}

static void not_reserved(void *addr, size_t size, int want, const char *what)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED;

	is_int(pmem2_vm_reservation_new(&rsv, addr, size), want, "%s", what);
	ok(!rsv, "%s: the reservation becomes NULL", what);
}

static void bad_reservations(void)
{
	struct pmem2_vm_reservation *rsv = UNTOUCHED;

	not_reserved((char *)page + 1, page, PMEM2_E_ADDRESS_UNALIGNED, "an odd address");
	not_reserved((char *)page + 1, 1, PMEM2_E_ADDRESS_UNALIGNED, "the address comes first");
	not_reserved(NULL, 1, PMEM2_E_LENGTH_UNALIGNED,
		"vm_reservation_new: an odd length is LENGTH_UNALIGNED");
	not_reserved(NULL, 0, -EINVAL, "vm_reservation_new: no bytes");
	has_str(pmem2_errormsg(), "no bytes",
		"vm_reservation_new: the message says so of no bytes");
	not_reserved(NULL, -page, -ENOMEM, "all there is");
	is_int(pmem2_vm_reservation_new(&rsv, NULL, (size_t)1 << 62) < 0, 1, "more than there is");
	ok(!rsv, "more than there is: the reservation becomes NULL");
	not_reserved((char *)(-4 * page), 8 * page, -ENOMEM, "beyond the end of address space");
}

#ifdef __SANITIZE_THREAD__
#define OF_OTHERS (1 << 20) /* taken by the thread sanitizer of gcc 14 meanwhile */
#else
#define OF_OTHERS 0
#endif

/* In PMDK 64 KiB leave nearly 4 MiB of address space behind. */
static void nothing_left_behind(void)
{
	struct pmem2_vm_reservation *rsv;
	size_t lines = space_lines(), before = space_total();

	for (int i = 0; i < 100; i++) {
		rsv = reserve(16);
		if (!i && !under_valgrind())
			is_int(space_total() - before, 16 * page,
				"reserved space: a reservation takes what was asked for, no more");
		struct pmem2_map *map = mapped(rsv, 4, 2);
		pmem2_vm_reservation_extend(rsv, 4 * page);
		pmem2_vm_reservation_shrink(rsv, 0, page);
		pmem2_map_delete(&map);
		pmem2_vm_reservation_delete(&rsv);
	}
	if (!under_valgrind())
		ok(space_total() - before <= OF_OTHERS,
			"reserved space: 100 reservations leave no address space behind");
	else
		skip("reserved space: 100 reservations leave no address space behind",
			"valgrind takes some itself");
	ok(space_lines() < lines + 20, "reserved space: 100 reservations leave no mappings behind");
}

static void extends(void)
{
	struct pmem2_vm_reservation *rsv = reserve(8), *next;
	struct pmem2_map *map = mapped(rsv, 7, 1);
	char *addr = pmem2_vm_reservation_get_address(rsv);

	*(char *)pmem2_map_get_address(map) = 'x';
	is_int(pmem2_vm_reservation_extend(rsv, 1), PMEM2_E_LENGTH_UNALIGNED,
		"vm_reservation_extend: an odd length is LENGTH_UNALIGNED");
	is_int(pmem2_vm_reservation_extend(rsv, 0), 0, "extended by nothing");
	is_int(pmem2_vm_reservation_extend(rsv, 2 * page), 0, "extended by 2 pages");
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page, "it is larger");
	ok(pmem2_vm_reservation_get_address(rsv) == addr, "where it was");
	is_int(*(char *)pmem2_map_get_address(map), 'x', "with its map");
	is_int(pmem2_vm_reservation_new(&next, addr + 12 * page, page), 0, "another follows");
	is_int(pmem2_vm_reservation_extend(rsv, 3 * page), PMEM2_E_MAPPING_EXISTS, "in the way");
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page, "it is as large as before");
	is_int(space_used(addr + 10 * page, 2 * page), 0, "and took nothing");
	is_int(pmem2_vm_reservation_extend(rsv, -page), -ENOMEM, "a sum that overflows");
	is_int(pmem2_vm_reservation_extend(rsv, -16 * page), -ENOMEM, "more than there is");
	struct pmem2_map *late = mapped(rsv, 8, 2);
	is_int(pmem2_map_delete(&late), 0, "what was added can be mapped into");
	pmem2_map_delete(&map);
	deleted(next);
	deleted(rsv);
}

static void shrinks_refused(struct pmem2_vm_reservation *rsv)
{
	static const struct {
		size_t offset, size; /* in quarter pages */
		int want;
		const char *what;
	} cases[] = {
		{1, 1, PMEM2_E_OFFSET_UNALIGNED, "odd offset, before odd length"},
		{4, 1, PMEM2_E_LENGTH_UNALIGNED, "odd length"},
		{400, 1, PMEM2_E_LENGTH_UNALIGNED, "odd length, before the offset's range"},
		{40, 0, PMEM2_E_OFFSET_OUT_OF_RANGE, "at its end, before no length"},
		{400, 4, PMEM2_E_OFFSET_OUT_OF_RANGE, "beyond its end"},
		{4, 0, PMEM2_E_LENGTH_OUT_OF_RANGE, "nothing"},
		{36, 8, PMEM2_E_LENGTH_OUT_OF_RANGE, "more than is left"},
		{4, (size_t)-4, PMEM2_E_LENGTH_OUT_OF_RANGE, "a sum that overflows"},
		{16, 4, PMEM2_E_NOSUPP, "in the middle, before not empty"},
		{0, 40, PMEM2_E_NOSUPP, "all of it, before not empty"},
		{0, 20, PMEM2_E_VM_RESERVATION_NOT_EMPTY,
			"vm_reservation_shrink: the front, with a map in it"},
		{16, 24, PMEM2_E_VM_RESERVATION_NOT_EMPTY,
			"vm_reservation_shrink: the end, with a map in it"},
	};
	struct pmem2_map *map = mapped(rsv, 4, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = cases[i].size > SIZE_MAX / 2 ? -page : cases[i].size * page / 4;
		is_int(pmem2_vm_reservation_shrink(rsv, cases[i].offset * page / 4, size),
			cases[i].want, "shrunk: %s", cases[i].what);
	}
	is_int(pmem2_vm_reservation_get_size(rsv), 10 * page, "it is as large as before");
	pmem2_map_delete(&map);
}

static void shrinks(void)
{
	struct pmem2_vm_reservation *rsv = reserve(10);
	char *addr = pmem2_vm_reservation_get_address(rsv);

	shrinks_refused(rsv);
	struct pmem2_map *map = mapped(rsv, 4, 1), *found;
	is_int(pmem2_vm_reservation_shrink(rsv, 8 * page, 2 * page), 0, "shrunk at its end");
	is_int(pmem2_vm_reservation_get_size(rsv), 8 * page, "it is smaller");
	is_int(space_used(addr + 8 * page, 2 * page), 0, "the end is free");
	is_int(pmem2_vm_reservation_shrink(rsv, 0, 4 * page), 0, "shrunk up to its map");
	ok(pmem2_vm_reservation_get_address(rsv) == addr + 4 * page, "its address moves up");
	is_int(pmem2_vm_reservation_get_size(rsv), 4 * page, "it is smaller");
	is_int(space_used(addr, 4 * page), 0, "the front is free");
	is_int(pmem2_vm_reservation_map_find(rsv, 0, page, &found), 0, "the map is found");
	ok(found == map, "at its new offset");
	ok(pmem2_map_get_address(map) == addr + 4 * page, "where it was");
	pmem2_map_delete(&map);
	deleted(rsv);
}

static void delete_with_maps(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4), *same = rsv;
	struct pmem2_map *map = mapped(rsv, 0, 4);

	is_int(pmem2_vm_reservation_delete(&rsv), PMEM2_E_VM_RESERVATION_NOT_EMPTY,
		"vm_reservation_delete: one with a map is VM_RESERVATION_NOT_EMPTY");
	ok(rsv == same, "leaves it");
	has_str(pmem2_errormsg(), "1 map", "and says why");
	*(char *)pmem2_map_get_address(map) = 1;
	is_int(pmem2_map_delete(&map), 0, "without the map");
	deleted(rsv);
}

/* What a refused map leaves behind: the slot, inaccessible, and nothing found in it. */
static void refused(
	struct pmem2_vm_reservation *rsv, size_t offset, size_t pages, int want, const char *what)
{
	struct pmem2_map *map = UNTOUCHED;

	is_int(map_at(rsv, offset, pages, &map), want, "%s", what);
	ok(!map, "%s: the map becomes NULL", what);
}

static void placements(void)
{
	struct pmem2_vm_reservation *rsv = reserve(8);
	struct pmem2_map *map, *other;
	char *addr = pmem2_vm_reservation_get_address(rsv);

	is_int(map_at(rsv, 2 * page, 3, &map), 0, "a map at offset 2 pages");
	ok(pmem2_map_get_address(map) == addr + 2 * page, "is there");
	is_int(pmem2_map_get_size(map), 3 * page, "as long as it should be");
	memset(pmem2_map_get_address(map), 7, 3 * page);
	refused(rsv, 1, 1, PMEM2_E_OFFSET_UNALIGNED, "map_new: an odd offset in a reservation");
	refused(rsv, 8 * page + 1, 1, PMEM2_E_OFFSET_UNALIGNED,
		"map_new: an odd offset is found before one beyond the end");
	refused(rsv, 8 * page, 1, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: an offset at the end of a reservation");
	refused(rsv, 7 * page, 2, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: a range past the end of a reservation");
	refused(rsv, 4 * page, 0, PMEM2_E_MAPPING_EXISTS,
		"map_new: a slot whose last page is taken");
	refused(rsv, 5 * page, 0, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: a range past the end is found before a taken slot");
	refused(rsv, 2 * page, 3, PMEM2_E_MAPPING_EXISTS, "map_new: the same slot again");
	refused(rsv, page, 4, PMEM2_E_MAPPING_EXISTS, "map_new: a slot around a taken one");
	refused(rsv, page, 2, PMEM2_E_MAPPING_EXISTS, "map_new: a slot that ends in a taken one");
	refused(rsv, 3 * page, 1, PMEM2_E_MAPPING_EXISTS, "map_new: a slot in a taken one");
	is_int(*((char *)pmem2_map_get_address(map) + 3 * page - 1), 7, "it is unharmed by all");
	is_int(map_at(rsv, 0, 2, &other), 0, "right before it");
	pmem2_map_delete(&other);
	is_int(map_at(rsv, 5 * page, 3, &other), 0, "right behind it, up to the end");
	pmem2_map_delete(&other);
	pmem2_map_delete(&map);
	is_int(space_at(addr, 8 * page, "---p"), 8 * page,
		"deleted maps leave inaccessible memory");
	pmem2_config_set_vm_reservation(cfg, rsv, 1);
	pmem2_config_set_vm_reservation(cfg, NULL, 1);
	is_int(pmem2_map_new(&map, cfg, src), 0, "NULL takes it back, whatever the offset");
	ok((char *)pmem2_map_get_address(map) >= addr + 8 * page ||
			(char *)pmem2_map_get_address(map) < addr,
		"the map is elsewhere");
	pmem2_map_delete(&map);
	deleted(rsv);
}

/* Maps that are refused after their slot was taken. */
static void slots_restored(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4);
	int reader = file_of(2 * page, O_RDONLY), writer = file_of(2 * page, O_RDWR);
	struct pmem2_source *ro = source_of(reader), *rw = source_of(writer);
	struct pmem2_map *map = UNTOUCHED;
	char *addr = pmem2_vm_reservation_get_address(rsv);

	pmem2_config_set_vm_reservation(cfg, rsv, page);
	is_int(pmem2_map_new(&map, cfg, ro), PMEM2_E_NO_ACCESS,
		"map_new: a descriptor that cannot be written is NO_ACCESS");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page,
		"map_new: after NO_ACCESS the slot is inaccessible again");
	setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_BYTE);
	is_int(pmem2_map_new(&map, cfg, rw), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
		"map_new: a coarse granularity is GRANULARITY_NOT_SUPPORTED");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page,
		"map_new: after GRANULARITY_NOT_SUPPORTED the slot is inaccessible");
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_new: after GRANULARITY_NOT_SUPPORTED no map is found");
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	is_int(pmem2_map_new(&map, cfg, rw), 0,
		"map_new: after GRANULARITY_NOT_SUPPORTED the slot is free");
	strcpy(pmem2_map_get_address(map), "kept");
	pmem2_get_flush_fn(map)(pmem2_map_get_address(map), 5);
	pmem2_map_delete(&map);
	char text[5] = "";
	ok(pread(writer, text, 5, 0) == 5 && !strcmp(text, "kept"), "stores there reach the file");
	is_int(space_at(addr, 4 * page, "---p"), 4 * page, "the slot is inaccessible again");
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	pmem2_source_delete(&ro);
	pmem2_source_delete(&rw);
	close(reader);
	close(writer);
	deleted(rsv);
}

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

	ok(!find(rsv, 0, 2 * page), "before the first map");
	ok(find(rsv, 0, 2 * page + 1) == a, "up to its first byte");
	ok(find(rsv, 3 * page, page) == a, "inside it");
	ok(find(rsv, 4 * page - 1, 1) == a, "its last byte");
	ok(!find(rsv, 4 * page, 2 * page), "between two");
	ok(find(rsv, 4 * page, 3 * page) == b, "up to the second");
	ok(find(rsv, 0, 10 * page) == a, "of two the lower one");
	ok(find(rsv, 3 * page, SIZE_MAX) == a && find(rsv, 5 * page, SIZE_MAX) == b,
		"map_find: offsets and lengths whose sum overflows");
	ok(find(rsv, 2 * page, 0) == a, "no bytes: at its start");
	ok(find(rsv, 3 * page + 1, 0) == a, "no bytes: inside");
	ok(!find(rsv, 4 * page, 0), "no bytes: at its end");
	ok(!find(rsv, 10 * page, page) && !find(rsv, -8 * page, SIZE_MAX), "beyond the end");
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), 0, "the first");
	ok(map == a, "is the first");
	is_int(pmem2_vm_reservation_map_find_next(rsv, a, &map), 0, "the next");
	ok(map == b, "is the second");
	is_int(pmem2_vm_reservation_map_find_next(rsv, b, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"none follows it");
	ok(!map, "NULL");
	is_int(pmem2_vm_reservation_map_find_last(rsv, &map), 0, "the last");
	ok(map == b, "is the second");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, b, &map), 0, "the one before");
	ok(map == a, "is the first");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, a, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"none precedes it");
	ok(!map, "NULL");
	map = UNTOUCHED;
	is_int(pmem2_vm_reservation_map_find_next(rsv, stranger, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"a map of another reservation has no next one here");
	ok(!map, "NULL");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, stranger, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"nor one before");
	pmem2_map_delete(&a);
	pmem2_map_delete(&b);
	pmem2_map_delete(&stranger);
	is_int(pmem2_vm_reservation_map_find_first(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"no first when empty");
	ok(!map, "NULL");
	is_int(pmem2_vm_reservation_map_find_last(rsv, &map), PMEM2_E_MAPPING_NOT_FOUND,
		"no last when empty");
	ok(!map, "NULL");
	deleted(other);
	deleted(rsv);
}

/* The map's bytes are the file's: the rest of the last page is taken, but not part of the map. */
static void odd_file(void)
{
	struct pmem2_vm_reservation *rsv = reserve(4);
	int fd = file_of(page + 7, O_RDWR);
	struct pmem2_source *odd = source_of(fd);
	struct pmem2_map *map, *second = UNTOUCHED;

	pmem2_config_set_vm_reservation(cfg, rsv, 0);
	is_int(pmem2_map_new(&map, cfg, odd), 0, "a file of no whole pages");
	ok(find(rsv, page + 6, 1) == map, "its last byte is found");
	ok(!find(rsv, page + 7, 1), "the one behind it is not");
	refused(rsv, page, 1, PMEM2_E_MAPPING_EXISTS, "but its last page is taken");
	pmem2_config_set_vm_reservation(cfg, rsv, 2 * page);
	is_int(pmem2_map_new(&second, cfg, odd), 0, "the next page is free");
	pmem2_map_delete(&second);
	pmem2_config_set_vm_reservation(cfg, rsv, 3 * page);
	is_int(pmem2_map_new(&second, cfg, odd), PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_new: the last page of an odd length does not fit at the end");
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

	is_int(pmem2_config_set_vm_reservation(NULL, rsv, 0), -EINVAL, "config_set(NULL, ...)");
	is_int(pmem2_vm_reservation_new(NULL, NULL, page), -EINVAL, "new(NULL, ...)");
	has_str(pmem2_errormsg(), "rsv_ptr is NULL", "says so");
	is_int(pmem2_vm_reservation_delete(NULL), -EINVAL, "delete(NULL)");
	is_int(pmem2_vm_reservation_delete(&none), -EINVAL, "delete of none");
	is_int(pmem2_vm_reservation_extend(NULL, page), -EINVAL, "extend(NULL, ...)");
	is_int(pmem2_vm_reservation_shrink(NULL, 0, page), -EINVAL, "shrink(NULL, ...)");
	is_int(pmem2_vm_reservation_map_find(NULL, 0, 1, &out), -EINVAL, "find(NULL, ...)");
	ok(!out, "NULL");
	is_int(pmem2_vm_reservation_map_find(rsv, 0, 1, NULL), -EINVAL, "find(..., NULL)");
	is_int(pmem2_vm_reservation_map_find_prev(NULL, map, &out), -EINVAL, "prev(NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, NULL, &out), -EINVAL,
		"prev(..., NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_prev(rsv, map, NULL), -EINVAL, "prev(..., NULL)");
	is_int(pmem2_vm_reservation_map_find_next(NULL, map, &out), -EINVAL, "next(NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_next(rsv, NULL, &out), -EINVAL,
		"next(..., NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_next(rsv, map, NULL), -EINVAL, "next(..., NULL)");
	is_int(pmem2_vm_reservation_map_find_first(NULL, &out), -EINVAL, "first(NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_first(rsv, NULL), -EINVAL, "first(..., NULL)");
	is_int(pmem2_vm_reservation_map_find_last(NULL, &out), -EINVAL, "last(NULL, ...)");
	is_int(pmem2_vm_reservation_map_find_last(rsv, NULL), -EINVAL, "last(..., NULL)");
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
