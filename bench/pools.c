/* SPDX-License-Identifier: BSD-3-Clause */
#include "pools.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "place.h"

/*
 * Environment variable that passes the two folders from the first run of the program to the
 * second.
 */
#define FOLDERS "HOLDFAST_BENCH_FOLDERS"

RPMEMpool *pools[POOL_KINDS];
char *pool_local;

static char memory_folder[4096], file_folder[4096];

static const char *part_folder(enum pool_kind kind)
{
	return kind == PAGE ? file_folder : memory_folder;
}

static void make_folder(char *name, const char *parent)
{
	snprintf(name, sizeof(memory_folder), "%s/holdfast-bench-XXXXXX", parent);
	if (!mkdtemp(name))
		err(1, "%s", name);
}

static void write_set(enum pool_kind kind)
{
	char name[sizeof(memory_folder) + 16];

	snprintf(name, sizeof(name), "%s/%d.set", memory_folder, kind);
	FILE *set = fopen(name, "w");
	if (!set)
		err(1, "%s", name);
	fprintf(set, "PMEMPOOLSET\nOPTION NOHDRS\n%zuMiB %s/%d.part\n", (POOL_SIZE >> 20) + 8,
		part_folder(kind), kind);
	if (fclose(set))
		err(1, "%s", name);
}

/* Executes the program again: the library has read the old environment when it was loaded. */
static void run_again(char **argv, const char *rpmemd, const char *ssh, const char *scratch)
{
	static char command[4 * sizeof(memory_folder)], folders[2 * sizeof(memory_folder)];

	make_folder(memory_folder, "/dev/shm");
	make_folder(file_folder, scratch);
	for (int kind = 0; kind < POOL_KINDS; kind++)
		write_set(kind);
	/*
	 * The commands that the library runs at the target: one for each pool, in the order of the
	 * kinds of pools.
	 */
	snprintf(command, sizeof(command),
		"taskset -c %1$s env PMEM_IS_PMEM_FORCE=1 %2$s --poolset-dir %3$s|taskset -c %1$s env PMEM2_FORCE_GRANULARITY=BYTE %2$s --persist-apm --poolset-dir %3$s|taskset -c %1$s %2$s --poolset-dir %3$s",
		place_of_other_end(), rpmemd, memory_folder);
	snprintf(folders, sizeof(folders), "%s\n%s", memory_folder, file_folder);
	if (setenv("RPMEM_CMD", command, 1) || setenv("RPMEM_SSH", ssh, 1) ||
		setenv(FOLDERS, folders, 1))
		err(1, "environment");
	execv("/proc/self/exe", argv);
	err(1, "cannot execute this program again");
}

static int remove_entry(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

/* Removes both folders, in which rpmemd has made files of its own. */
static void tidy(void)
{
	nftw(memory_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	nftw(file_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void pools_prepare(char **argv, const char *rpmemd, const char *ssh, const char *scratch)
{
	const char *folders = getenv(FOLDERS);

	if (!folders)
		run_again(argv, rpmemd, ssh, scratch);
	sscanf(folders, "%4095[^\n]\n%4095[^\n]", memory_folder, file_folder);
	atexit(tidy);
}

void pools_open(void)
{
	pool_local =
		mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool_local == MAP_FAILED)
		err(1, "out of memory");
	memset(pool_local, 1, POOL_SIZE);
	for (int kind = 0; kind < POOL_KINDS; kind++) {
		unsigned lanes = POOL_LANES;
		char set[8];
		snprintf(set, sizeof(set), "%d.set", kind);
		pools[kind] = rpmem_create("127.0.0.1", set, pool_local, POOL_SIZE, &lanes, NULL);
		if (!pools[kind])
			errx(1, "%s", rpmem_errormsg());
		if (lanes < POOL_LANES)
			errx(1, "%u lanes granted of %u", lanes, POOL_LANES);
	}
}

void pools_close(void)
{
	for (int kind = 0; kind < POOL_KINDS; kind++)
		if (rpmem_close(pools[kind]))
			errx(1, "%s", rpmem_errormsg());
}

const char *pools_memory_folder(void)
{
	return memory_folder;
}

char *pools_plain_file(const char *scratch)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s/holdfast-bench-XXXXXX", scratch);
	int fd = mkstemp(name);
	if (fd < 0 || unlink(name) || posix_fallocate(fd, 0, (off_t)POOL_SIZE))
		err(1, "%s", name);
	char *base = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		err(1, "cannot map %s", name);
	close(fd);
	memset(base, 1, POOL_SIZE);
	return base;
}
