/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instead.c - compares Holdfast with other ways to make the same bytes durable
 *
 *	instead SCRATCH-DIRECTORY [MILLISECONDS]
 *
 * The ways, all on the file system of the scratch directory, are: a store to a map of our library
 * and a persist; pwrite(2) and fdatasync(2); a write and an fsync that io_uring links; and
 * transactions of LMDB and of SQLite with the same number of bytes. Standard error names the ways
 * that are left out.
 */
#include <err.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "instead.h"
#include "rows.h"

#define KiB   ((size_t)1 << 10)
#define SIZE  ((size_t)4 << 20) /* length of each file, in bytes */
#define CALLS 8                 /* calls in a sample */

static const size_t lengths[] = {64, 4 * KiB, 64 * KiB};

#define LONGEST (64 * KiB)

static char scratch[4000], bytes[LONGEST];

/*
 * Returns the slot for the next call to write. Slots are so far apart that each is in another
 * page.
 */
static size_t next_slot(void)
{
	static size_t turn;

	return turn++ * 7 % (SIZE / LONGEST);
}

/* Writes the file page by page: if it were in large folios, the kernel would write back more. */
int instead_file(const char *name)
{
	static const char page[4 * KiB] = {1};
	char path[4100];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		err(1, "%s", path);
	for (off_t at = 0; at < (off_t)SIZE; at += (off_t)sizeof(page))
		if (pwrite(fd, page, sizeof(page), at) != (ssize_t)sizeof(page))
			err(1, "%s", path);
	if (fsync(fd))
		err(1, "%s", path);
	return fd;
}

const char *instead_scratch(void)
{
	return scratch;
}

static char *base;
static pmem2_persist_fn persist;

static const char *open_ours(void)
{
	struct pmem2_source *source;
	struct pmem2_config *config;
	struct pmem2_map *map;
	int fd = instead_file("ours");

	if (pmem2_source_from_fd(&source, fd) || pmem2_config_new(&config) ||
		pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, config, source))
		errx(1, "cannot map: %s", pmem2_errormsg());
	base = pmem2_map_get_address(map);
	persist = pmem2_get_persist_fn(map);
	return NULL;
}

static void commit_ours(size_t slot, const void *from, size_t len)
{
	memcpy(base + slot * LONGEST, from, len);
	persist(base + slot * LONGEST, len);
}

static int written;

static const char *open_pwrite(void)
{
	written = instead_file("pwrite");
	return NULL;
}

static void commit_pwrite(size_t slot, const void *from, size_t len)
{
	if (pwrite(written, from, len, (off_t)(slot * LONGEST)) != (ssize_t)len ||
		fdatasync(written))
		err(1, "pwrite and fdatasync");
}

static const struct instead ours = {"ours", open_ours, commit_ours};

static const struct instead ways[] = {
	{"pwrite+fdatasync", open_pwrite, commit_pwrite},
	{"io_uring", uring_open, uring_commit},
	{"lmdb", lmdb_open, lmdb_commit},
	{"sqlite", sqlite_open, sqlite_commit},
};

static double run(const struct instead *way, size_t len)
{
	double start = now_ns();

	for (int i = 0; i < CALLS; i++) {
		size_t slot = next_slot();
		memset(bytes, (int)slot + i, 8);
		way->commit(slot, bytes, len);
	}
	return (now_ns() - start) / CALLS;
}

static void measure(const struct instead *way, size_t len, double budget_ns)
{
	static struct samples samples;
	const struct instead *contestants[] = {&ours, way, way};
	size_t order[BARE];
	double begun = now_ns();

	for (samples.rounds = 0; samples.rounds < 9 || now_ns() - begun < budget_ns;) {
		rows_order(order, BARE);
		for (size_t i = 0; i < BARE; i++)
			samples.of[order[i]][samples.rounds] = run(contestants[order[i]], len);
		if (++samples.rounds == ROUNDS_MAX)
			break;
	}
	rows_print(&(struct title){"instead", "persist", "-", way->name, "1 thread", len, 0},
		&samples, BARE);
}

static void remove_scratch(void)
{
	static const char *const names[] = {"ours", "pwrite", "uring", "data.mdb", "lock.mdb",
		"sqlite", "sqlite-wal", "sqlite-shm"};
	char path[4100];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", scratch, names[i]);
		unlink(path);
	}
	rmdir(scratch);
}

int main(int argc, char **argv)
{
	double budget_ns = argc > 2 ? strtod(argv[2], NULL) * 1e6 : 1e9;

	if (argc < 2)
		errx(2, "usage: instead SCRATCH-DIRECTORY [MILLISECONDS]");
	snprintf(scratch, sizeof(scratch), "%s/holdfast-bench-XXXXXX", argv[1]);
	if (!mkdtemp(scratch))
		err(1, "%s", scratch);
	atexit(remove_scratch);
	ours.open();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *lacks = ways[i].open();
		if (lacks)
			fprintf(stderr, "instead: %s is left out: %s\n", ways[i].name, lacks);
		for (size_t k = 0; !lacks && k < sizeof(lengths) / sizeof(lengths[0]); k++)
			measure(&ways[i], lengths[k], budget_ns);
	}
	return 0;
}
