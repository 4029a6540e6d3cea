/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deepflush.c - tests pmem2_deep_flush(): which ranges it accepts, and its result for each kind of
 * map
 */
#include <errno.h>

#include "api/fixture.h"

#define PAGES 4

static void ranges(struct pmem2_map *map, const char *name)
{
	char *addr = pmem2_map_get_address(map);
	size_t size = pmem2_map_get_size(map);
	const int out = PMEM2_E_DEEP_FLUSH_RANGE;

	is_int(pmem2_deep_flush(map, addr, size), 0, "deep_flush, %s: the whole map is accepted",
		name);
	is_int(pmem2_deep_flush(map, addr + 5, 1), 0,
		"deep_flush, %s: one byte within the map is accepted", name);
	is_int(pmem2_deep_flush(map, addr + size - 1, 1), 0,
		"deep_flush, %s: the last byte of the map is accepted", name);
	is_int(pmem2_deep_flush(map, addr, 0), 0,
		"deep_flush, %s: a range of 0 bytes at the start of the map is accepted", name);
	is_int(pmem2_deep_flush(map, addr + size, 0), 0,
		"deep_flush, %s: a range of 0 bytes at the end of the map is accepted", name);
	is_int(pmem2_deep_flush(map, addr + size, 1), out,
		"deep_flush, %s: the byte behind the end of the map is refused", name);
	is_int(pmem2_deep_flush(map, addr + size + 1, 0), out,
		"deep_flush, %s: a range of 0 bytes beyond the end of the map is refused", name);
	is_int(pmem2_deep_flush(map, addr - 1, 2), out,
		"deep_flush, %s: a range that begins before the start of the map is refused", name);
	is_int(pmem2_deep_flush(map, addr, size + 1), out,
		"deep_flush, %s: a range one byte longer than the map is refused", name);
	is_int(pmem2_deep_flush(map, addr + 8, SIZE_MAX - 7), out,
		"deep_flush, %s: a range whose end overflows is refused", name);
	is_int(pmem2_deep_flush(map, NULL, 0), out, "deep_flush, %s: an address of NULL is refused",
		name);
	has_str(pmem2_errormsg(), "not within the map",
		"deep_flush, %s: the message says that the range is not within the map", name);
}

static void granularities(void)
{
	static const char *const names[] = {"PAGE", "CACHE_LINE", "BYTE"};

	for (size_t i = 0; i < 3; i++) {
		struct pmem2_map *map = map_of(PAGES * page_size(), names[i]);
		char *addr = pmem2_map_get_address(map);

		strcpy(addr + page_size() - 3, "across");
		ranges(map, names[i]);
		pmem2_map_delete(&map);
	}
}

/*
 * Tests a map whose length is not a multiple of the page size. The rest of its last page is not
 * part of the map.
 */
static void odd_size(void)
{
	struct pmem2_map *map = map_of(page_size() + 7, "PAGE");

	ranges(map, "a map that ends within a page");
	pmem2_map_delete(&map);
}

/* Returns the size in KiB of the map's pages that are not written back; -1 if it is unknown. */
static long dirty_kib(const void *addr)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	long dirty = -1, kib;
	bool in_map = false;

	for (char line[512]; smaps && fgets(line, sizeof(line), smaps);) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			in_map = from <= (uintptr_t)addr && (uintptr_t)addr < to;
		else if (in_map && (sscanf(line, "Shared_Dirty: %ld", &kib) == 1 ||
					   sscanf(line, "Private_Dirty: %ld", &kib) == 1))
			dirty = (dirty < 0 ? 0 : dirty) + kib;
	}
	if (smaps)
		fclose(smaps);
	return dirty;
}

static void really_written(const char *granularity)
{
	const char *dir = "/var/tmp";
	char name[64];
	struct pmem2_map *map;
	struct pmem2_config *cfg = config();

	snprintf(name, sizeof(name), "%s/holdfast-deep-XXXXXX", dir);
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name) || ftruncate(fd, (off_t)(PAGES * page_size())))
		bail("cannot make %s: %m", name);
	struct pmem2_source *src = source_of(fd);
	setenv("PMEM2_FORCE_GRANULARITY", granularity, 1);
	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	unsetenv("PMEM2_FORCE_GRANULARITY");
	char *addr = pmem2_map_get_address(map);
	memset(addr, 'x', PAGES * page_size());
	long before = dirty_kib(addr);
	is_int(pmem2_deep_flush(map, addr + page_size() + 9, page_size()), 0,
		"deep_flush, %s: a range that touches two pages is accepted", granularity);
	long after = dirty_kib(addr);
	long want = before - 2 * (long)(page_size() >> 10);
	if (before <= 0)
		skip("deep_flush: the pages of the range are written back",
			"no dirty pages on the file system of /var/tmp");
	else
		ok(after >= 0 && after <= want,
			"deep_flush, %s: the pages of the range are written back", granularity);
	pmem2_map_delete(&map);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
}

static void anonymous(void)
{
	struct pmem2_config *cfg = config();
	struct pmem2_source *src;
	struct pmem2_map *map;

	pmem2_source_from_anon(&src, page_size());
	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	char *addr = pmem2_map_get_address(map);
	is_int(pmem2_deep_flush(map, addr, page_size()), PMEM2_E_NOSUPP,
		"deep_flush: anonymous memory is refused");
	has_str(pmem2_errormsg(), "without a file",
		"deep_flush: the message for anonymous memory says that the map is without a file");
	is_int(pmem2_deep_flush(map, addr, page_size() + 1), PMEM2_E_DEEP_FLUSH_RANGE,
		"deep_flush: a range beyond the end of an anonymous map fails with DEEP_FLUSH_RANGE, not with NOSUPP");
	pmem2_map_delete(&map);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
}

int main(void)
{
	granularities();
	odd_size();
	really_written("PAGE");
	really_written("CACHE_LINE");
	really_written("BYTE");
	anonymous();
	is_int(pmem2_deep_flush(NULL, NULL, 0), -EINVAL, "deep_flush: NULL for the map is refused");
	return tap_done();
}
