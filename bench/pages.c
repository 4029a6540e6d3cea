/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages.c - measures durable stores to an ordinary file: ours, the peer's, and msync(2)
 *
 *	pages OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]
 *
 * Prints a row for each case of the table, on the file system of the scratch directory. Before
 * each sample all pages are clean, except those that a case makes dirty.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "library.h"
#include "rows.h"

#define KiB     ((size_t)1 << 10)
#define SIZE    ((size_t)32 << 20)
#define PAGE    ((size_t)4096)
#define FLUSHES 16
#define THREADS 8

struct calls {
	char *base;
	void (*flush)(const void *, size_t), (*drain)(void), (*persist)(const void *, size_t);
};

static struct calls calls[CONTESTANTS];

static const struct page_case {
	const char *name;
	size_t gap;   /* bytes between the starts of two successive pages with stores */
	size_t pages; /* number of pages that each thread stores to */
	size_t threads;
	bool persists; /* each store is persisted; if false, all are flushed, then drained once */
	bool dirty;    /* pages in the gaps are dirty, but need not be written back */
	bool serial;   /* the peer is our own library, with one thread that makes all stores */
	double goal;
} cases[] = {
	{"16 flushes, 1 drain", 4 * KiB, FLUSHES, 1, false, false, false, 3},
	{"16 flushes, 1 drain", 16 * KiB, FLUSHES, 1, false, false, false, 3},
	{"16 flushes, 1 drain", 64 * KiB, FLUSHES, 1, false, false, false, 3},
	{"16 flushes, 1 drain", 256 * KiB, FLUSHES, 1, false, false, false, 0.98},
	{"16 flushes, 1 drain", 1024 * KiB, FLUSHES, 1, false, false, false, 0.98},
	{"16 flushes, 1 drain", 4 * KiB, FLUSHES, 1, false, true, false, 3},
	{"16 flushes, 1 drain", 16 * KiB, FLUSHES, 1, false, true, false, 3},
	{"16 flushes, 1 drain", 64 * KiB, FLUSHES, 1, false, true, false, 3},
	{"16 flushes, 1 drain", 256 * KiB, FLUSHES, 1, false, true, false, 0.98},
	{"16 flushes, 1 drain", 1024 * KiB, FLUSHES, 1, false, true, false, 0.98},
	{"persist", 0, 1, 1, true, false, false, 0.98},
	{"persist", 4 * KiB, 16, 2, true, false, false, 0.98},
	{"persist", 4 * KiB, 4, THREADS, true, false, false, 0.98},
	{"persist", 4 * KiB, 16, 2, true, false, true, 0.98},
	{"persist", 256 * KiB, 16, 2, true, false, true, 0.98},
	{"persist", 4 * KiB, 4, THREADS, true, false, true, 0.98},
};

static void msync_pages(const void *addr, size_t len)
{
	char *page = (char *)((uintptr_t)addr & -PAGE);

	if (msync(page, (size_t)((const char *)addr + len - page), MS_SYNC))
		err(1, "msync");
}

/*
 * The smallest range that contains all flushed ranges. One of the two bare ways writes all of it
 * back, with one msync(2), when it drains.
 */
static __thread const char *noted_from, *noted_to;

static void note(const void *addr, size_t len)
{
	if (!noted_from)
		noted_from = addr;
	noted_to = (const char *)addr + len;
}

static void sync_noted(void)
{
	if (noted_from)
		msync_pages(noted_from, (size_t)(noted_to - noted_from));
	noted_from = NULL;
}

static void nothing(void)
{
}

static void find_calls(int fd)
{
	for (int i = OURS; i <= PEER_AGAIN; i++) {
		struct pmem2_map *map = library_map(&libraries[i], fd);
		void *in = libraries[i].pmem2;
		calls[i] = (struct calls){CALL(in, pmem2_map_get_address)(map),
			CALL(in, pmem2_get_flush_fn)(map), CALL(in, pmem2_get_drain_fn)(map),
			CALL(in, pmem2_get_persist_fn)(map)};
	}
	char *base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		err(1, "cannot map");
	calls[BARE] = (struct calls){base, msync_pages, nothing, msync_pages};
	calls[BARE_TOO] = (struct calls){base, note, sync_noted, msync_pages};
}

struct work {
	const struct calls *calls;
	const struct page_case *what;
	char *at;
};

static void *work(void *argument)
{
	const struct work *work = argument;
	const struct page_case *what = work->what;
	char *at = work->at;

	for (size_t i = 0; i < what->pages; i++, at += PAGE + what->gap) {
		at[0]++;
		if (what->persists)
			work->calls->persist(at, 8);
		else
			work->calls->flush(at, 8);
	}
	if (!what->persists)
		work->calls->drain();
	return NULL;
}

static double run(const struct calls *with, const struct page_case *what)
{
	size_t span = what->pages * (PAGE + what->gap);
	struct work works[THREADS];
	pthread_t threads[THREADS];

	msync_pages(with->base, SIZE);
	for (size_t i = 0; what->dirty && i < span; i += PAGE)
		if (i % (PAGE + what->gap))
			with->base[i]++;
	double start = now_ns();
	for (size_t i = 0; i < what->threads; i++) {
		works[i] = (struct work){with, what, with->base + i * span};
		if (what->threads == 1)
			work(&works[i]);
		else if (pthread_create(&threads[i], NULL, work, &works[i]))
			errx(1, "cannot start a thread");
	}
	for (size_t i = 0; what->threads > 1 && i < what->threads; i++)
		pthread_join(threads[i], NULL);
	return now_ns() - start;
}

/* Runs the case with our library in one thread, which makes the stores of all threads. */
static double run_serially(const struct page_case *what)
{
	struct page_case serial = *what;

	serial.pages *= serial.threads;
	serial.threads = 1;
	return run(&calls[OURS], &serial);
}

static double sample(size_t contestant, const struct page_case *what)
{
	if (what->serial && contestant != OURS)
		return run_serially(what);
	return run(&calls[contestant], what);
}

static void measure(const struct page_case *what, double budget_ns)
{
	static struct samples samples;
	size_t order[CONTESTANTS], count = what->serial     ? BARE
					   : what->persists ? BARE_TOO
							    : CONTESTANTS;
	double begun = now_ns();
	char threads[16];

	for (samples.rounds = 0; samples.rounds < 9 || now_ns() - begun < budget_ns;) {
		rows_order(order, count);
		for (size_t i = 0; i < count; i++)
			samples.of[order[i]][samples.rounds] = sample(order[i], what);
		if (++samples.rounds == ROUNDS_MAX)
			break;
	}
	snprintf(threads, sizeof(threads), "%zu thread%s", what->threads,
		what->threads > 1 ? "s" : "");
	rows_print(&(struct title){"page", what->name, "-",
			   what->serial  ? "beside one thread"
			   : what->dirty ? "dirty between"
					 : "clean between",
			   threads, what->gap, what->goal},
		&samples, count);
}

int main(int argc, char **argv)
{
	double budget_ns = argc > 4 ? strtod(argv[4], NULL) * 1e6 : 1e9;
	char name[4096];

	if (argc < 4)
		errx(2, "usage: pages OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]");
	snprintf(name, sizeof(name), "%s/holdfast-bench-XXXXXX", argv[3]);
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name) || posix_fallocate(fd, 0, (off_t)SIZE))
		err(1, "%s", name);
	library_load_all(argv[1], argv[2]);
	find_calls(fd);
	memset(calls[BARE].base, 1, SIZE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		measure(&cases[i], budget_ns);
	fflush(stdout);
	_exit(0); /* not exit(3): destructors of libraries in other namespaces may crash */
}
