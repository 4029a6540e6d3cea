/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback.c - compares two msync of two distant dirty pages with one msync over both
 *
 *	writeback DIRECTORY [ROUNDS]
 *
 * Prints for each distance, once with clean pages in the gap and once with dirty ones, the time of
 * one msync over all, divided by the time of two msync of a page each. Below 1.00 the single msync
 * is faster. The library joins ranges up to the distance RANGES_GAP (src/map). Then compares 16
 * scattered flushes and a drain through the library with 16 persists.
 */
#include <err.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

#define KiB       ((size_t)1 << 10)
#define SIZE      ((size_t)32 << 20)
#define ROUND_MAX 1000

static char *base;
static size_t page;

static void sync_range(char *from, char *to)
{
	if (msync(from, (size_t)(to - from), MS_SYNC))
		err(1, "msync");
}

/*
 * Before each sample all pages are clean, except those that the sample makes dirty.
 */
static double sample(char *at, size_t gap, bool joined, bool dirty)
{
	memset(at, rand(), 1);
	memset(at + page + gap, rand(), 1);
	for (size_t i = page; dirty && i < page + gap; i += page)
		at[i]++;
	double start = now_ns();
	if (joined) {
		sync_range(at, at + 2 * page + gap);
	} else {
		sync_range(at, at + page);
		sync_range(at + page + gap, at + 2 * page + gap);
	}
	double took = now_ns() - start;
	sync_range(at, at + 2 * page + gap);
	return took;
}

static double ratio(size_t gap, bool dirty, size_t rounds)
{
	static double joined[ROUND_MAX], apart[ROUND_MAX];

	for (size_t i = 0; i < rounds; i++) {
		char *at = base + (size_t)rand() % ((SIZE - gap - 2 * page) / page) * page;
		joined[i] = sample(at, gap, true, dirty);
		apart[i] = sample(at, gap, false, dirty);
	}
	return median(joined, rounds) / median(apart, rounds);
}

static void gaps(size_t rounds)
{
	printf("%10s %16s %16s\n", "gap KiB", "clean between", "dirty between");
	for (size_t gap = 4 * KiB; gap <= 2048 * KiB; gap *= 2) {
		printf("%10zu %16.2f %16.2f\n", gap / KiB, ratio(gap, false, rounds),
			ratio(gap, true, rounds));
		fflush(stdout);
	}
}

static struct pmem2_map *map_file(int fd)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;

	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src))
		errx(1, "%s", pmem2_errormsg());
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	return map;
}

/* Returns the microseconds that making 16 pages durable takes, with `gap` bytes between them. */
static double scattered(struct pmem2_map *map, size_t gap, bool persist_each)
{
	char *at = pmem2_map_get_address(map);
	double start = now_ns();

	for (size_t i = 0; i < 16; i++, at += page + gap) {
		at[0]++;
		if (persist_each)
			pmem2_get_persist_fn(map)(at, 1);
		else
			pmem2_get_flush_fn(map)(at, 1);
	}
	pmem2_get_drain_fn(map)();
	return (now_ns() - start) / 1000;
}

static void drains(struct pmem2_map *map, size_t rounds)
{
	static double each[ROUND_MAX], once[ROUND_MAX];

	printf("\n16 pages apart by    16 persists us    16 flushes, 1 drain us\n");
	for (size_t gap = 4 * KiB; gap <= 1024 * KiB; gap *= 4) {
		for (size_t i = 0; i < rounds; i++) {
			each[i] = scattered(map, gap, true);
			once[i] = scattered(map, gap, false);
		}
		printf("%11zu KiB %17.0f %25.0f\n", gap / KiB, median(each, rounds),
			median(once, rounds));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 41;
	char name[256];

	if (argc < 2 || !rounds || rounds > ROUND_MAX)
		errx(2, "usage: writeback DIRECTORY [ROUNDS], 1 to %d", ROUND_MAX);
	page = (size_t)sysconf(_SC_PAGESIZE);
	snprintf(name, sizeof(name), "%s/holdfast-bench-XXXXXX", argv[1]);
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name))
		err(1, "%s", name);
	if (posix_fallocate(fd, 0, (off_t)SIZE))
		errx(1, "cannot allocate %zu bytes in %s", SIZE, argv[1]);
	struct pmem2_map *map = map_file(fd);
	base = pmem2_map_get_address(map);
	memset(base, 1, SIZE);
	sync_range(base, base + SIZE);
	printf("ratio of the time of 1 sync of both pages to that of 2 syncs, in folder %s: %s\n",
		argv[1],
		pmem2_map_get_store_granularity(map) == PMEM2_GRANULARITY_PAGE
			? "page granularity"
			: "granularity finer than a page: the library does not use msync here");
	gaps(rounds);
	drains(map, rounds);
	pmem2_map_delete(&map);
	close(fd);
	return 0;
}
