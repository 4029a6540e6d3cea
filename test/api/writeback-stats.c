/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback-stats.c - tests holdfast_writeback_stats(): what each call of a map with PAGE
 * granularity adds to the counters, and that maps of finer granularities add nothing
 *
 * The msync() of this file replaces libc's: it can be slow, fail, or be interrupted once.
 */
#pragma GCC visibility push(default)

#include <errno.h>
#include <libpmem2/holdfast.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "api/fixture.h"

#define PAGES   40
#define SLOW_NS 3000000

static struct {
	bool slow, fails, interrupted;
} next;

int msync(void *addr, size_t length, int flags)
{
	const struct timespec nap = {.tv_nsec = SLOW_NS};

	if (next.interrupted) {
		next.interrupted = false;
		errno = EINTR;
		return -1;
	}
	if (next.slow)
		nanosleep(&nap, NULL);
	if (next.fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_msync, addr, length, flags);
}

static struct pmem2_map *map;
static char *addr;

static struct holdfast_writeback_counts now(void)
{
	struct holdfast_writeback_counts *stats, copy;

	if (holdfast_writeback_stats(&stats))
		bail("no counters: %s", pmem2_errormsg());
	copy = *stats;
	holdfast_writeback_stats_free(&stats);
	return copy;
}

static uint64_t sum(const uint64_t *times, unsigned from)
{
	uint64_t all = 0;

	for (unsigned i = from; i < HOLDFAST_TIMES; i++)
		all += times[i];
	return all;
}

/*
 * Tests that each counter has grown since `before` by the number in `by`. Returns the current
 * counters.
 */
static struct holdfast_writeback_counts grown(const char *what,
	const struct holdfast_writeback_counts *before, struct holdfast_writeback_counts by)
{
	struct holdfast_writeback_counts after = now();

	is_int(after.flushes - before->flushes, by.flushes, "%s: the number of flushes is right",
		what);
	is_int(after.bytes - before->bytes, by.bytes, "%s: the number of flushed bytes is right",
		what);
	is_int(after.drains - before->drains, by.drains, "%s: the number of drains is right", what);
	is_int(after.ranges - before->ranges, by.ranges, "%s: the number of write-backs is right",
		what);
	is_int(after.pages - before->pages, by.pages,
		"%s: the number of pages written back is right", what);
	is_int(after.retries - before->retries, by.retries, "%s: the number of retries is right",
		what);
	is_int(after.failures - before->failures, by.failures,
		"%s: the number of failures is right", what);
	is_int(sum(after.times, 0), after.drains,
		"%s: the counters by duration add up to the number of drains", what);
	return after;
}

#define BY(...) ((struct holdfast_writeback_counts){__VA_ARGS__})

static void calls(void)
{
	struct holdfast_writeback_counts *stats, before = now();
	size_t page = page_size();

	is_int(before.struct_size, sizeof(before),
		"writeback_stats: the member struct_size is the size of the struct");
	pmem2_get_flush_fn(map)(addr, 0);
	pmem2_get_drain_fn(map)();
	before = grown("an empty flush, and a drain of nothing", &before, BY(.drains = 0));
	pmem2_get_flush_fn(map)(addr + 5, 10);
	before = grown("a flush", &before, BY(.flushes = 1, .bytes = 10));
	pmem2_get_flush_fn(map)(addr + 2 * page, 1);
	pmem2_get_flush_fn(map)(addr + 30 * page, 1);
	pmem2_get_drain_fn(map)();
	before = grown("a drain of three ranges, two of them near each other", &before,
		BY(.flushes = 2, .bytes = 2, .drains = 1, .ranges = 2, .pages = 4));
	pmem2_get_persist_fn(map)(addr + page - 1, 2);
	before = grown("a persist", &before,
		BY(.flushes = 1, .bytes = 2, .drains = 1, .ranges = 1, .pages = 2));
	pmem2_get_memcpy_fn(map)(addr, "text", 5, 0);
	pmem2_get_memset_fn(map)(addr, 1, 100, PMEM2_F_MEM_NODRAIN);
	pmem2_get_memmove_fn(map)(addr, addr + 1, 100, PMEM2_F_MEM_NOFLUSH);
	before = grown("copies", &before,
		BY(.flushes = 2, .bytes = 105, .drains = 1, .ranges = 1, .pages = 1));
	pmem2_get_drain_fn(map)();
	before = now();
	is_int(pmem2_deep_flush(map, addr, page), 0,
		"deep_flush: a deep flush of one page succeeds");
	before = grown("a deep flush", &before, BY(.ranges = 1, .pages = 1));
	is_int(holdfast_writeback_stats(NULL), -EINVAL, "writeback_stats: NULL is refused");
	holdfast_writeback_stats_free(NULL);
	holdfast_writeback_stats(&stats);
	holdfast_writeback_stats_free(&stats);
	ok(!stats, "writeback_stats_free: the pointer becomes NULL");
}

static enum holdfast_writeback_verdict lost(
	const struct holdfast_writeback_failure *failure, void *context)
{
	(void)failure, (void)context;
	return HOLDFAST_WRITEBACK_LOST;
}

static void events(void)
{
	struct holdfast_writeback_counts before = now(), after;

	next.interrupted = true;
	pmem2_get_persist_fn(map)(addr, 1);
	after = grown("an interrupted write-back", &before,
		BY(.flushes = 1, .bytes = 1, .drains = 1, .ranges = 1, .pages = 1, .retries = 1));
	next.slow = true;
	pmem2_get_persist_fn(map)(addr, 1);
	next.slow = false;
	before = now();
	/* The elements of times[] from 12 on count drains that took 2048 us or more. */
	is_int(sum(before.times, 12) - sum(after.times, 12), 1,
		"writeback_stats: a drain of 3 ms is counted among those of 2048 us or more");
	/*
	 * On a busy machine a drain may take longer than 2 ms, but not each of a thousand drains.
	 */
	for (int i = 0; i < 1000 && sum(before.times, 0) == sum(before.times, 12); i++) {
		pmem2_get_persist_fn(map)(addr, 1);
		before = now();
	}
	ok(sum(before.times, 0) > sum(before.times, 12),
		"writeback_stats: a drain of less than 2 ms is counted among those of less than 2048 us");
	holdfast_set_writeback_handler(lost, NULL);
	next.fails = true;
	pmem2_get_persist_fn(map)(addr, 1);
	next.fails = false;
	holdfast_set_writeback_handler(NULL, NULL);
	grown("a failed write-back", &before,
		BY(.flushes = 1, .bytes = 1, .drains = 1, .ranges = 1, .pages = 1, .failures = 1));
}

static void *persist_twice(void *unused)
{
	(void)unused;
	pmem2_get_persist_fn(map)(addr, 1);
	pmem2_get_persist_fn(map)(addr, 1);
	return NULL;
}

/*
 * Tests that the counts of a thread remain after the thread has ended, and that a child does not
 * inherit the counts of its parent.
 */
static void threads_and_children(void)
{
	struct holdfast_writeback_counts before = now();
	pthread_t threads[3];

	for (unsigned i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, persist_twice, NULL))
			bail("cannot start a thread");
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	grown("three threads that have ended", &before,
		BY(.flushes = 6, .bytes = 6, .drains = 6, .ranges = 6, .pages = 6));
	pid_t child = fork();
	if (!child) {
		struct holdfast_writeback_counts at_first = now();
		pmem2_get_persist_fn(map)(addr, 1);
		_exit(at_first.flushes || at_first.drains || now().drains != 1);
	}
	int status;
	waitpid(child, &status, 0);
	is_int(status, 0, "fork: a child's write-back counters start at 0");
}

static void finer(const char *granularity)
{
	struct holdfast_writeback_counts before = now();
	struct pmem2_map *other = map_of(page_size(), granularity);
	char *at = pmem2_map_get_address(other);

	pmem2_get_flush_fn(other)(at, 1);
	pmem2_get_drain_fn(other)();
	pmem2_get_persist_fn(other)(at, 1);
	pmem2_get_memcpy_fn(other)(at, "text", 5, 0);
	pmem2_map_delete(&other);
	grown(granularity, &before, BY(.drains = 0));
}

int main(void)
{
	map = map_of(PAGES * page_size(), "PAGE");
	addr = pmem2_map_get_address(map);
	calls();
	threads_and_children();
	events();
	finer("CACHE_LINE");
	finer("BYTE");
	pmem2_map_delete(&map);
	return tap_done();
}
