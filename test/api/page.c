/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * page.c - tests which pages each function of a map with PAGE granularity writes back, and when
 *
 * The msync() of this file replaces libc's: it records its arguments and then calls the kernel.
 */
#pragma GCC visibility push(default)

#include <sys/syscall.h>

#include "api/fixture.h"

#define PAGES 4

/* Number of calls of msync() since the last check, and the arguments of the last call. */
static struct {
	unsigned calls;
	char *addr;
	size_t length;
} asked;

int msync(void *addr, size_t length, int flags)
{
	asked.calls++;
	asked.addr = addr;
	asked.length = length;
	return (int)syscall(SYS_msync, addr, length, flags);
}

static struct pmem2_map *map;
static char *addr;

static void not_asked(const char *what)
{
	is_int(asked.calls, 0, "%s: no page is written back", what);
	asked.calls = 0;
}

/* Tests that exactly the second page of the map was written back, by one call. */
static void asked_for_second(const char *what)
{
	bool right =
		asked.calls == 1 && asked.addr == addr + page_size() && asked.length == page_size();

	if (!ok(right, "%s: only the page that contains its range is written back", what))
		diag("%u calls, the last for %zu bytes at %+td", asked.calls, asked.length,
			asked.addr - addr);
	asked.calls = 0;
}

static void flushes(void)
{
	char *at = addr + page_size() + 5;

	pmem2_get_flush_fn(map)(at, 1);
	not_asked("flush");
	pmem2_get_drain_fn(map)();
	asked_for_second("drain");
	pmem2_get_drain_fn(map)();
	not_asked("a second drain");
	pmem2_get_persist_fn(map)(at, page_size() - 5);
	asked_for_second("persist");
	is_int(pmem2_deep_flush(map, at, 1), 0, "deep_flush: a range of one byte succeeds");
	asked_for_second("deep flush");
}

static void copy(const char *what, void *(*with)(char *at, unsigned flags))
{
	char *at = addr + page_size() + 100;
	char text[64];

	snprintf(text, sizeof(text), "%s, no flags", what);
	ok(with(at, 0) == at, "%s: it returns the address of the destination", text);
	asked_for_second(text);
	snprintf(text, sizeof(text), "%s, NONTEMPORAL", what);
	with(at, PMEM2_F_MEM_NONTEMPORAL);
	asked_for_second(text);
	snprintf(text, sizeof(text), "%s, NODRAIN", what);
	with(at, PMEM2_F_MEM_NODRAIN);
	not_asked(text);
	pmem2_get_drain_fn(map)();
	asked_for_second("drain after a copy or fill with NODRAIN");
	snprintf(text, sizeof(text), "drain after %s, NOFLUSH", what);
	with(at, PMEM2_F_MEM_NOFLUSH);
	pmem2_get_drain_fn(map)();
	not_asked(text);
}

static void *by_memcpy(char *at, unsigned flags)
{
	return pmem2_get_memcpy_fn(map)(at, "text", 5, flags);
}

static void *by_memmove(char *at, unsigned flags)
{
	return pmem2_get_memmove_fn(map)(at, at + 1, 1000, flags);
}

static void *by_memset(char *at, unsigned flags)
{
	return pmem2_get_memset_fn(map)(at, 7, 1000, flags);
}

static void finer(const char *granularity)
{
	map = map_of(PAGES * page_size(), granularity);
	addr = pmem2_map_get_address(map);
	pmem2_get_persist_fn(map)(addr, PAGES * page_size());
	pmem2_get_flush_fn(map)(addr, 1);
	pmem2_get_drain_fn(map)();
	by_memcpy(addr, 0);
	by_memset(addr, 0);
	pmem2_map_delete(&map);
	not_asked(granularity);
}

/*
 * Tests a map without a forced granularity: a file in memory gets PAGE granularity, as the kernel
 * refuses MAP_SYNC for it.
 */
static void unforced(void)
{
	struct pmem2_config *cfg = config();
	int fd = memfd_create("holdfast", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)(PAGES * page_size())))
		bail("cannot make a file in memory: %m");
	struct pmem2_source *src = source_of(fd);
	is_int(pmem2_map_new(&map, cfg, src), 0, "map_new: a file in memory is mapped");
	is_int(pmem2_map_get_store_granularity(map), PMEM2_GRANULARITY_PAGE,
		"map_new: a file in memory has PAGE granularity");
	pmem2_map_delete(&map);
	pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_CACHE_LINE);
	is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
		"map_new: a finer granularity of a file in memory is refused");
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
}

int main(void)
{
	map = map_of(PAGES * page_size(), "PAGE");
	addr = pmem2_map_get_address(map);
	flushes();
	copy("memcpy", by_memcpy);
	copy("memmove", by_memmove);
	copy("memset", by_memset);
	pmem2_get_flush_fn(map)(addr + page_size(), 1);
	pmem2_map_delete(&map);
	asked_for_second("map_delete of a map with a flushed range");
	finer("CACHE_LINE");
	finer("BYTE");
	unforced();
	return tap_done();
}
