/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * existing.c - tests pmem2_map_from_existing(): maps of memory that the program has mapped itself
 */
#include <errno.h>

#include "api/fixture.h"
#include "api/space.h"

#define PAGES 4

static size_t page;
static int fd;
static struct pmem2_source *src;
static char *addr; /* the first PAGES pages of the file, mapped by the test */

static struct pmem2_map *existing(size_t offset, size_t length, enum pmem2_granularity granularity)
{
	struct pmem2_map *map;

	if (pmem2_map_from_existing(&map, src, addr + offset, length, granularity))
		bail("cannot make a map: %s", pmem2_errormsg());
	return map;
}

static void life(void)
{
	struct pmem2_map *map = UNTOUCHED;

	for (int g = PMEM2_GRANULARITY_BYTE; g <= PMEM2_GRANULARITY_PAGE; g++) {
		is_int(pmem2_map_from_existing(
			       &map, src, addr, PAGES * page, (enum pmem2_granularity)g),
			0, "map_from_existing: granularity %d is accepted", g);
		ok(pmem2_map_get_address(map) == addr,
			"map_from_existing: the map has the given address");
		is_int(pmem2_map_get_size(map), PAGES * page,
			"map_from_existing: the map has the given size");
		is_int(pmem2_map_get_store_granularity(map), g,
			"map_from_existing: the map has the given granularity");
		is_int(pmem2_map_delete(&map), 0,
			"map_delete: a map of existing memory is deleted");
		ok(!map, "map_delete: the pointer becomes NULL");
		is_int(space_at(addr, PAGES * page, "rw-s"), PAGES * page,
			"map_delete: the caller's memory stays mapped after the map of it is deleted");
	}
	is_int(pmem2_map_from_existing(&map, src, addr + 100, 7, PMEM2_GRANULARITY_PAGE), 0,
		"map_from_existing: memory at an unaligned address is accepted");
	ok(pmem2_map_get_address(map) == addr + 100 && pmem2_map_get_size(map) == 7,
		"map_from_existing: neither address nor size is rounded to whole pages");
	pmem2_map_delete(&map);
}

static void refused(void *at, size_t length, int granularity, int want, const char *what)
{
	struct pmem2_map *map = UNTOUCHED;

	is_int(pmem2_map_from_existing(&map, src, at, length, (enum pmem2_granularity)granularity),
		want, "%s", what);
	ok(map == UNTOUCHED, "%s: the output is unchanged", what);
}

static void mistakes(void)
{
	struct pmem2_map *map;

	refused(addr, 0, PMEM2_GRANULARITY_PAGE, -EINVAL,
		"map_from_existing: a length of 0 is refused");
	has_str(pmem2_errormsg(), "no bytes",
		"map_from_existing: the message for a length of 0 says \"no bytes\"");
	refused(addr, -page, PMEM2_GRANULARITY_PAGE, -EINVAL,
		"map_from_existing: a range whose end overflows is refused");
	refused(NULL, page, PMEM2_GRANULARITY_PAGE, -EINVAL,
		"map_from_existing: an address of NULL is refused");
	is_int(pmem2_map_from_existing(NULL, src, addr, page, PMEM2_GRANULARITY_PAGE), -EINVAL,
		"map_from_existing: NULL for the output is refused");
	is_int(pmem2_map_from_existing(&map, NULL, addr, page, PMEM2_GRANULARITY_PAGE), -EINVAL,
		"map_from_existing: NULL for the source is refused");
	has_str(pmem2_errormsg(), "src is NULL",
		"map_from_existing: the message names the argument that is NULL");
}

static void overlaps(void)
{
	struct pmem2_map *map = existing(page, page, PMEM2_GRANULARITY_PAGE);
	const enum pmem2_granularity g = PMEM2_GRANULARITY_PAGE;

	refused(addr + page, page, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range that is already a map is refused with MAP_EXISTS");
	refused(addr + page + 1, 1, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range inside a map is refused with MAP_EXISTS");
	refused(addr, PAGES * page, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range around a map is refused with MAP_EXISTS");
	refused(addr, page + 1, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range with the first byte of a map is refused with MAP_EXISTS");
	refused(addr + 2 * page - 1, page, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range with the last byte of a map is refused with MAP_EXISTS");
	struct pmem2_map *before = existing(0, page, g), *behind = existing(2 * page, page, g);
	ok(before && behind, "map_from_existing: ranges next to a map are accepted");
	pmem2_map_delete(&before);
	pmem2_map_delete(&map);
	pmem2_map_delete(&behind);

	struct pmem2_map *whole = map_of(page, NULL);
	refused(pmem2_map_get_address(whole), 1, g, PMEM2_E_MAP_EXISTS,
		"map_from_existing: a range inside a map made by map_new is refused with MAP_EXISTS");
	pmem2_map_delete(&whole);
}

/*
 * Tests the functions of existing maps with PAGE granularity by their results.
 * test/unit/writeback.c tests which pages they write back.
 */
static void with_pages(void)
{
	struct pmem2_map *map = existing(0, PAGES * page, PMEM2_GRANULARITY_PAGE);
	unsigned wrong = 0;

	pmem2_get_persist_fn(map)(addr + 8, 1);
	pmem2_get_persist_fn(map)(addr + 8, PAGES * page - 8);
	pmem2_get_flush_fn(map)(addr + 8, 10);
	pmem2_get_drain_fn(map)();
	wrong += pmem2_get_memcpy_fn(map)(addr + 8, "base", 5, 0) != addr + 8;
	wrong += pmem2_get_memset_fn(map)(addr + 16, 1, page, 0) != addr + 16;
	pmem2_map_delete(&map);
	is_int(wrong, 0, "map_from_existing, PAGE: memcpy and memset return their destination");
	is_str(addr + 8, "base", "map_from_existing, PAGE: memcpy stores its bytes");

	/* Three maps lie in two pages: a page that maps share is written once for all of them. */
	struct pmem2_map *a = existing(10, 50, PMEM2_GRANULARITY_PAGE),
			 *b = existing(60, page, PMEM2_GRANULARITY_PAGE),
			 *c = existing(60 + page, 5, PMEM2_GRANULARITY_PAGE);
	pmem2_get_persist_fn(a)(addr + 11, 49);
	pmem2_get_persist_fn(b)(addr + 61, page - 1);
	pmem2_get_persist_fn(c)(addr + 11, page + 54);
	pmem2_get_flush_fn(b)(addr + 61, 1);
	pmem2_map_delete(&b);
	pmem2_map_delete(&a);
	pmem2_map_delete(&c);
	is_str(addr + 8, "base",
		"map_from_existing, PAGE: maps that share a page are accepted, and can be flushed and deleted");
}

static void outlives(void)
{
	struct pmem2_map *map;
	int other = file_of(page, O_RDWR);
	struct pmem2_source *gone = source_of(other);
	char *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);

	is_int(pmem2_map_from_existing(&map, gone, at, page, PMEM2_GRANULARITY_PAGE), 0,
		"map_from_existing: memory of a file is accepted");
	pmem2_source_delete(&gone);
	close(other);
	pmem2_get_memset_fn(map)(at, 5, page, PMEM2_F_MEM_NODRAIN);
	is_int(pmem2_map_delete(&map), 0,
		"map_delete: a map whose source was deleted earlier is written back and deleted");
	is_int(at[page - 1], 5,
		"map_delete: memory that the program mapped stays mapped and keeps its bytes");
	munmap(at, page);
}

static void anonymous(void)
{
	struct pmem2_source *anon;
	struct pmem2_map *map;
	char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	pmem2_source_from_anon(&anon, page);
	is_int(pmem2_map_from_existing(&map, anon, memory, page, PMEM2_GRANULARITY_PAGE), 0,
		"map_from_existing: memory without a file is accepted");
	pmem2_get_memset_fn(map)(memory, 7, page, 0);
	is_int(memory[page - 1], 7, "map_from_existing: memset stores to memory without a file");
	is_int(pmem2_map_delete(&map), 0, "map_delete: a map of memory without a file is deleted");
	pmem2_source_delete(&anon);
	munmap(memory, page);
}

static void nothing_left_behind(void)
{
	size_t lines = space_lines();

	for (int i = 0; i < 1000; i++) {
		struct pmem2_map *map = existing(0, page, PMEM2_GRANULARITY_PAGE), *twin;
		pmem2_map_from_existing(&twin, src, addr, page, PMEM2_GRANULARITY_PAGE);
		pmem2_map_delete(&map);
	}
	ok(space_lines() < lines + 20,
		"map_from_existing: neither deleted nor refused maps leave memory behind");
}

int main(void)
{
	page = page_size();
	fd = file_of(PAGES * page, O_RDWR);
	src = source_of(fd);
	addr = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	life();
	mistakes();
	overlaps();
	with_pages();
	outlives();
	anonymous();
	nothing_left_behind();
	munmap(addr, PAGES * page);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
