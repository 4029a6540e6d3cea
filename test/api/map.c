/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.c - tests pmem2_map_new(), including the order in which it checks its arguments, and
 * pmem2_map_delete()
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "api/fixture.h"
#include "emulated.h"

#define PAGES 8

static int fd;
static struct pmem2_source *src;
static struct pmem2_config *cfg;

/*
 * Maps the range of `length` bytes at `offset` of the source. Then sets offset and length of the
 * config back to 0.
 */
static int map_range(size_t offset, size_t length, struct pmem2_map **map)
{
	*map = UNTOUCHED;
	pmem2_config_set_offset(cfg, offset);
	pmem2_config_set_length(cfg, length);
	int result = pmem2_map_new(map, cfg, src);
	pmem2_config_set_offset(cfg, 0);
	pmem2_config_set_length(cfg, 0);
	return result;
}

static void refused(size_t offset, size_t length, int want, const char *what)
{
	struct pmem2_map *map;

	is_int(map_range(offset, length, &map), want, "map_new, %s: it is refused", what);
	ok(!map, "map_new, %s: the output becomes NULL", what);
}

static void accepted(size_t offset, size_t length, size_t want, const char *what)
{
	struct pmem2_map *map;
	char byte = 0, *addr;

	if (!is_int(map_range(offset, length, &map), 0, "map_new, %s: the range is mapped", what)) {
		diag("%s", pmem2_errormsg());
		return;
	}
	is_int(pmem2_map_get_size(map), want, "map_new, %s: the map has the expected size", what);
	addr = pmem2_map_get_address(map);
	is_int((uintptr_t)addr % (2 << 20), 0, "map_new, %s: the map lies at a multiple of 2 MiB",
		what);
	is_int(pread(fd, &byte, 1, (off_t)offset), 1,
		"map_new, %s: the test reads the file's byte at the offset with pread(2)", what);
	is_int(addr[0], byte, "map_new, %s: the map begins with the file's byte at the offset",
		what);
	is_int(pmem2_map_delete(&map), 0, "map_delete, %s: the map is deleted", what);
	ok(!map, "map_delete, %s: the pointer becomes NULL", what);
}

static void ranges(void)
{
	size_t page = page_size();

	refused(1, 0, PMEM2_E_OFFSET_UNALIGNED, "offset 1");
	refused(1, 1, PMEM2_E_OFFSET_UNALIGNED, "offset 1 and length 1");
	refused(0, 1, PMEM2_E_LENGTH_UNALIGNED, "length 1");
	refused(0, (PAGES + 1) * page, PMEM2_E_MAP_RANGE,
		"a length of one page more than the file");
	refused(page, PAGES * page, PMEM2_E_MAP_RANGE, "a range that ends beyond the file");
	refused((PAGES + 1) * page, 0, PMEM2_E_MAP_RANGE, "an offset beyond the end of the file");
	refused(page, SIZE_MAX & -page, PMEM2_E_MAP_RANGE,
		"an offset and a length whose sum overflows");
	refused(PAGES * page, 0, -EINVAL, "an offset at the end of the file");
	accepted(0, 0, PAGES * page, "the whole file");
	accepted(page, 0, (PAGES - 1) * page, "the file from its second page");
	accepted(page, page, page, "only the second page of the file");
	accepted(0, PAGES * page, PAGES * page, "the whole file with its length given");
}

static void odd_size(void)
{
	int odd = file_of(page_size() + 7, O_RDWR);
	struct pmem2_source *odd_src = source_of(odd);
	struct pmem2_map *map;

	is_int(pmem2_map_new(&map, cfg, odd_src), 0,
		"map_new: a file that ends inside a page is accepted");
	is_int(pmem2_map_get_size(map), page_size() + 7,
		"map_new: the map has the size of a file that ends inside a page");
	pmem2_map_delete(&map);
	pmem2_source_delete(&odd_src);
	close(odd);

	odd = file_of(0, O_RDWR);
	odd_src = source_of(odd);
	is_int(pmem2_map_new(&map, cfg, odd_src), PMEM2_E_SOURCE_EMPTY,
		"map_new: an empty file is refused");
	pmem2_source_delete(&odd_src);
	close(odd);
}

static void granularity(void)
{
	struct pmem2_config *fresh;
	struct pmem2_map *map = UNTOUCHED;

	pmem2_config_new(&fresh);
	is_int(pmem2_map_new(&map, fresh, src), PMEM2_E_GRANULARITY_NOT_SET,
		"map_new: a config without a required granularity is refused");
	ok(!map, "map_new: after a failure the output is NULL");
	setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
	pmem2_config_set_required_store_granularity(fresh, PMEM2_GRANULARITY_CACHE_LINE);
	is_int(pmem2_map_new(&map, fresh, src), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
		"map_new: a required granularity that is finer than the file's is refused");
	has_str(pmem2_errormsg(), "but cache line or finer is required",
		"map_new: the message names the granularity that is required");
	static const char *const names[] = {"BYTE", "CACHE_LINE", "PAGE"};
	pmem2_config_set_required_store_granularity(fresh, PMEM2_GRANULARITY_PAGE);
	for (int g = PMEM2_GRANULARITY_BYTE; g <= PMEM2_GRANULARITY_PAGE; g++) {
		setenv("PMEM2_FORCE_GRANULARITY", names[g], 1);
		is_int(pmem2_map_new(&map, fresh, src), 0,
			"PMEM2_FORCE_GRANULARITY: %s is accepted", names[g]);
		is_int(pmem2_map_get_store_granularity(map), g,
			"PMEM2_FORCE_GRANULARITY: the map has the granularity that the variable forces");
		pmem2_map_delete(&map);
	}
	setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
	pmem2_config_set_sharing(fresh, PMEM2_PRIVATE);
	is_int(pmem2_map_new(&map, fresh, src), 0, "map_new: a private map of a file is made");
	is_int(pmem2_map_get_store_granularity(map), PMEM2_GRANULARITY_BYTE,
		"map_new: a private map has byte granularity, even if PMEM2_FORCE_GRANULARITY is PAGE");
	pmem2_map_delete(&map);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	pmem2_config_delete(&fresh);
}

static void access_modes(void)
{
	int reader = file_of(page_size(), O_RDONLY);
	struct pmem2_source *ro = source_of(reader);
	struct pmem2_map *map;

	is_int(pmem2_map_new(&map, cfg, ro), PMEM2_E_NO_ACCESS,
		"map_new: a writable, shared map of a read-only descriptor is refused");
	has_str(pmem2_errormsg(), "open for reading only",
		"map_new: the message says that the descriptor is open for reading only");
	pmem2_config_set_protection(cfg, PMEM2_PROT_READ);
	is_int(pmem2_map_new(&map, cfg, ro), 0,
		"map_new: a readable, shared map of a read-only descriptor is made");
	pmem2_map_delete(&map);
	pmem2_config_set_protection(cfg, PMEM2_PROT_READ | PMEM2_PROT_WRITE);
	pmem2_config_set_sharing(cfg, PMEM2_PRIVATE);
	is_int(pmem2_map_new(&map, cfg, ro), 0,
		"map_new: a writable, private map of a read-only descriptor is made");
	*(char *)pmem2_map_get_address(map) = 1;
	pmem2_map_delete(&map);
	pmem2_config_set_sharing(cfg, PMEM2_SHARED);
	close(reader);
	is_int(pmem2_map_new(&map, cfg, ro), PMEM2_E_INVALID_FILE_HANDLE,
		"map_new: a closed descriptor is refused");
	pmem2_source_delete(&ro);
}

static void anonymous(void)
{
	struct pmem2_source *anon, *empty;
	struct pmem2_map *map;
	size_t page = page_size();

	pmem2_source_from_anon(&anon, 4 * page);
	pmem2_source_from_anon(&empty, 0);
	is_int(pmem2_map_new(&map, cfg, anon), 0, "map_new: anonymous memory is mapped");
	is_int(pmem2_map_get_store_granularity(map), PMEM2_GRANULARITY_BYTE,
		"map_new: anonymous memory has byte granularity");
	is_int(*(char *)pmem2_map_get_address(map), 0,
		"map_new: anonymous memory is filled with zeros");
	pmem2_map_delete(&map);
	pmem2_config_set_offset(cfg, page);
	is_int(pmem2_map_new(&map, cfg, anon), 0,
		"map_new: anonymous memory with an offset is mapped");
	is_int(pmem2_map_get_size(map), 4 * page,
		"map_new: an offset does not make a map of anonymous memory shorter than the source");
	pmem2_map_delete(&map);
	pmem2_config_set_offset(cfg, 0);
	is_int(pmem2_map_new(&map, cfg, empty), PMEM2_E_SOURCE_EMPTY,
		"map_new: an anonymous source of 0 bytes is refused");
	pmem2_source_delete(&anon);
	pmem2_source_delete(&empty);
}

/*
 * Tests the alignment of large maps: they must begin at a multiple of 1 GiB, so that the kernel can
 * use page table entries of 1 GiB.
 */
static void placement(void)
{
	size_t size = (size_t)2 << 30;
	int big = file_of(size, O_RDWR);
	struct pmem2_source *big_src = source_of(big);
	struct pmem2_map *map;

	is_int(pmem2_map_new(&map, cfg, big_src), 0, "map_new: a file of 2 GiB is mapped");
	is_int((uintptr_t)pmem2_map_get_address(map) % (1 << 30), 0,
		"map_new: a map of 2 GiB begins at a multiple of 1 GiB");
	pmem2_map_delete(&map);
	pmem2_source_delete(&big_src);
	close(big);
}

/* Returns the number of mappings of this process: the number of lines in /proc/self/maps. */
static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned lines = 0;

	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void nothing_left_behind(void)
{
	struct pmem2_map *map;
	unsigned before = mappings();

	for (int i = 0; i < 50; i++) {
		setenv("PMEM2_FORCE_GRANULARITY", "PAGE", 1);
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_BYTE);
		pmem2_map_new(&map, cfg, src);
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE);
		pmem2_map_new(&map, cfg, src);
		pmem2_map_delete(&map);
	}
	unsetenv("PMEM2_FORCE_GRANULARITY");
	ok(mappings() <= before + 2,
		"map_new: neither refused nor deleted maps leave mappings behind");
}

static void outlives_its_makers(void)
{
	struct pmem2_map *map = map_of(page_size(), NULL);

	strcpy(pmem2_map_get_address(map), "still here");
	pmem2_get_persist_fn(map)(pmem2_map_get_address(map), 11);
	is_str(pmem2_map_get_address(map), "still here",
		"map: it can be used after its source, config and descriptor are deleted or closed");
	pmem2_map_delete(&map);
}

/*
 * Tests that map_new checks its arguments in this order: first the source, then the reservation;
 * only then it calls mmap(2). reservation.c has the other tests of reservations.
 */
static void reserved(void)
{
	struct pmem2_vm_reservation *rsv;
	struct pmem2_map *map, *other;
	size_t page = page_size();
	int reader = file_of(page, O_RDONLY);
	struct pmem2_source *ro = source_of(reader);

	pmem2_vm_reservation_new(&rsv, NULL, PAGES * page);
	pmem2_config_set_vm_reservation(cfg, rsv, 1);
	refused(1, 1, PMEM2_E_OFFSET_UNALIGNED,
		"an odd offset in the source and in the reservation");
	has_str(pmem2_errormsg(), "offset 1 is not a multiple",
		"map_new: the message for an odd offset in the source names that offset");
	refused(0, 1, PMEM2_E_LENGTH_UNALIGNED,
		"an odd length and an odd offset in the reservation");
	refused(page, PAGES * page, PMEM2_E_MAP_RANGE,
		"a range beyond the source and an odd offset in the reservation");
	refused(PAGES * page, 0, -EINVAL,
		"an offset at the end of the source and an odd offset in the reservation");
	refused(0, 0, PMEM2_E_OFFSET_UNALIGNED, "an odd offset in a reservation");
	has_str(pmem2_errormsg(), "in the reservation",
		"map_new: the message for an odd offset in a reservation says that the offset is in the reservation");
	is_int(pmem2_map_new(&map, cfg, ro), PMEM2_E_OFFSET_UNALIGNED,
		"map_new: an odd offset in a reservation is refused before mmap(2) is called");
	pmem2_config_set_vm_reservation(cfg, rsv, page);
	refused(0, 0, PMEM2_E_LENGTH_OUT_OF_RANGE, "a range beyond the end of the reservation");
	is_int(map_range(page, page, &map), 0,
		"map_new: a page of the source is mapped in a reservation");
	ok(pmem2_map_get_address(map) == (char *)pmem2_vm_reservation_get_address(rsv) + page,
		"map_new: a map in a reservation lies at the offset in the reservation");
	is_int(*(char *)pmem2_map_get_address(map), 'b',
		"map_new: a map in a reservation begins at the offset in the source");
	is_int(pmem2_map_new(&other, cfg, ro), PMEM2_E_MAPPING_EXISTS,
		"map_new: a range of a reservation that has a map already is refused before mmap(2) is called");
	pmem2_map_delete(&map);
	is_int(pmem2_map_new(&other, cfg, ro), PMEM2_E_NO_ACCESS,
		"map_new: a descriptor that is open for reading only fails with NO_ACCESS");
	pmem2_config_set_vm_reservation(cfg, NULL, 0);
	is_int(pmem2_vm_reservation_delete(&rsv), 0,
		"vm_reservation_delete: an empty reservation is accepted");
	pmem2_source_delete(&ro);
	close(reader);
}

static void nulls(void)
{
	struct pmem2_map *map = UNTOUCHED, *none = NULL;

	is_int(pmem2_map_new(NULL, cfg, src), -EINVAL, "map_new: NULL for the output is refused");
	is_int(pmem2_map_new(&map, NULL, src), -EINVAL, "map_new: NULL for the config is refused");
	ok(!map, "map_new: the output becomes NULL if the config is NULL");
	is_int(pmem2_map_new(&map, cfg, NULL), -EINVAL, "map_new: NULL for the source is refused");
	is_int(pmem2_map_delete(NULL), -EINVAL, "map_delete: NULL is refused");
	is_int(pmem2_map_delete(&none), -EINVAL, "map_delete: a pointer to NULL is refused");
}

/* Returns how many mappings of the named file this process has, according to /proc/self/maps. */
static int mapped(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	int count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		count += strstr(line, name) != NULL;
	if (maps)
		fclose(maps);
	return count;
}

/*
 * Tests files of huge pages. The kernel always maps whole huge pages: for a shorter length it
 * would replace mappings behind the range. The system must have reserved huge pages only for tests
 * that map such a file; tests of calls that are refused need none.
 */
static void huge_pages(void)
{
	int old_fd = fd, huge = memfd_create("holdfast-huge", MFD_HUGETLB);
	struct pmem2_source *old_src = src;
	struct pmem2_map *map;
	size_t alignment = 0;
	struct stat st;

	if (kernel_is_emulated()) {
		skip("huge pages: a file of huge pages is mapped",
			"user-mode QEMU does not map huge pages");
		close(huge);
		return;
	}
	if (huge < 0 || fstat(huge, &st) || ftruncate(huge, 2 * st.st_blksize)) {
		skip("huge pages: a file of huge pages is mapped",
			"this kernel makes no such files");
		return;
	}
	fd = huge;
	src = source_of(huge);
	is_int(pmem2_source_alignment(src, &alignment), 0,
		"huge pages: pmem2_source_alignment succeeds");
	is_int(alignment, st.st_blksize,
		"huge pages: the alignment of the source is the file's page size");
	refused(0, page_size(), PMEM2_E_LENGTH_UNALIGNED,
		"the length of a small page in a file of huge pages");
	refused(page_size(), 0, PMEM2_E_OFFSET_UNALIGNED,
		"the offset of a small page in a file of huge pages");
	int result = map_range(0, 0, &map);
	if (result == -ENOMEM) {
		skip("huge pages: the whole file is mapped",
			"no huge pages are reserved (vm.nr_hugepages)");
	} else {
		is_int(result, 0, "huge pages: the whole file is mapped");
		is_int(mapped("holdfast-huge"), 1,
			"huge pages: the process has one mapping of the file after map_new");
		is_int(pmem2_map_delete(&map), 0, "huge pages: the map is deleted");
		is_int(mapped("holdfast-huge"), 0,
			"huge pages: the process has no mapping of the file after map_delete");
	}
	pmem2_source_delete(&src);
	close(huge);
	fd = old_fd;
	src = old_src;
}

int main(void)
{
	fd = file_of(PAGES * page_size(), O_RDWR);
	src = source_of(fd);
	cfg = config();
	for (size_t i = 0; i < PAGES; i++)
		if (pwrite(fd, &(char){(char)('a' + i)}, 1, (off_t)(i * page_size())) != 1)
			bail("cannot fill the file: %m");
	ranges();
	huge_pages();
	odd_size();
	granularity();
	access_modes();
	anonymous();
	placement();
	nothing_left_behind();
	outlives_its_makers();
	reserved();
	nulls();
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
	return tap_done();
}
