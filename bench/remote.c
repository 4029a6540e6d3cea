/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote.c - what remote durability costs beside libfabric's tcp by itself, both ends here
 *
 *	remote RPMEMD SSH [MILLISECONDS]
 *
 * SSH stands in for ssh and runs the command here. Pools are on tmpfs, which the target takes for
 * persistent memory, so that the wire is what is measured. Prints a row for each case.
 */
#include <err.h>
#include <librpmem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "fabric.h"

#define KiB    ((size_t)1 << 10)
#define MiB    ((size_t)1 << 20)
#define SIZE   (32 * MiB)
#define ROUNDS 2000

enum bare { PING, WRITE, WRITE_READ, READ, PERSIST };

static const struct remote_case {
	const char *name;
	size_t length, flushes; /* flushes and a drain, unless 0: a persist; or a read */
	unsigned flags;
	bool reads, byte, idle;
	enum bare bare;
	size_t bare_length;
	double goal; /* 0: none */
} cases[] = {
	{"persist", 8, 0, 0, 0, 0, 0, PING, 8, 0},
	{"persist", 64, 0, 0, 0, 0, 0, PING, 64, 1.25},
	{"persist, BYTE", 64, 0, 1, 0, 1, 0, PING, 64, 1.2},
	{"persist after 1 ms", 64, 0, 0, 0, 0, 1, PING, 64, 0},
	{"persist", 4 * KiB, 0, 0, 0, 0, 0, PING, 4 * KiB, 0},
	{"persist", 64 * KiB, 0, 0, 0, 0, 0, WRITE_READ, 64 * KiB, 0},
	{"persist", MiB, 0, 0, 0, 0, 0, WRITE_READ, MiB, 1.6},
	{"persist, RELAXED", MiB, 0, 1, 0, 0, 0, WRITE_READ, MiB, 1.25},
	{"persist", 16 * MiB, 0, 0, 0, 0, 0, WRITE_READ, 16 * MiB, 0},
	{"persist, RELAXED", 16 * MiB, 0, 1, 0, 0, 0, WRITE_READ, 16 * MiB, 0},
	{"1 flush, drain", 64, 1, 0, 0, 0, 0, PERSIST, 64, 0},
	{"16 flushes, drain", 64, 16, 0, 0, 0, 0, PERSIST, 64, 1.8},
	{"256 flushes, drain", 64, 256, 0, 0, 0, 0, PERSIST, 64, 0},
	{"read", 4 * KiB, 0, 0, 1, 0, 0, PING, 64, 1.3},
	{"read", MiB, 0, 0, 1, 0, 0, READ, MiB, 0},
};

static RPMEMpool *pools[2];
static char *local, folder[64];

static void must(int code)
{
	if (code)
		errx(1, "%s", rpmem_errormsg());
}

static void set_up(char **argv)
{
	char name[128], command[1024];

	strcpy(folder, "/dev/shm/holdfast-bench-XXXXXX");
	if (!mkdtemp(folder))
		err(1, "%s", folder);
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/%d.set", folder, i);
		FILE *set = fopen(name, "w");
		if (!set)
			err(1, "%s", name);
		fprintf(set, "PMEMPOOLSET\nOPTION NOHDRS\n40MiB %s/%d.part\n", folder, i);
		fclose(set);
	}
	snprintf(command, sizeof(command),
		"env PMEM_IS_PMEM_FORCE=1 %s --poolset-dir %s|"
		"env PMEM2_FORCE_GRANULARITY=BYTE %s --persist-apm --poolset-dir %s",
		argv[1], folder, argv[1], folder);
	setenv("RPMEM_CMD", command, 1);
	setenv("RPMEM_SSH", argv[2], 1);
	setenv("BENCH_FOLDER", folder, 1);
	/* The library has read the environment already. */
	execv("/proc/self/exe", argv);
	err(1, "cannot run again");
}

static void tidy(void)
{
	char name[128];

	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s/%d.%s", folder, i / 2, i % 2 ? "set" : "part");
		unlink(name);
	}
	rmdir(folder);
}

static void open_pools(void)
{
	for (int i = 0; i < 2; i++) {
		char set[8];
		unsigned lanes = 1;
		snprintf(set, sizeof(set), "%d.set", i);
		pools[i] = rpmem_create("127.0.0.1", set, local, SIZE, &lanes, NULL);
		if (!pools[i])
			errx(1, "%s", rpmem_errormsg());
	}
}

static void ours(const struct remote_case *what)
{
	RPMEMpool *pool = pools[what->byte];

	for (size_t i = 0; i < what->flushes; i++)
		must(rpmem_flush(pool, i * 4096, what->length, 0, what->flags));
	if (what->flushes)
		must(rpmem_drain(pool, 0, 0));
	else if (what->reads)
		must(rpmem_read(pool, local, 0, what->length, 0));
	else
		must(rpmem_persist(pool, 0, what->length, 0, what->flags));
}

static void bare(const struct remote_case *what)
{
	if (what->bare == PING)
		fabric_ping(what->bare_length);
	else if (what->bare == PERSIST)
		must(rpmem_persist(pools[0], 0, what->bare_length, 0, 0));
	if (what->bare == WRITE || what->bare == WRITE_READ)
		fabric_write(what->bare_length);
	if (what->bare == WRITE_READ)
		fabric_read(8);
	if (what->bare == READ)
		fabric_read(what->bare_length);
}

/* The first of several is for nothing: whoever was away comes back. */
static double timed(void (*run)(const struct remote_case *), const struct remote_case *what)
{
	if (what->idle)
		usleep(1000);
	else
		run(what);
	double start = now_ns();
	run(what);
	return now_ns() - start;
}

static void measure(const struct remote_case *what, double budget_ns)
{
	static const char *const names[] = {"ping", "write", "write+read", "read", "persist"};
	static double us[ROUNDS], them[ROUNDS];
	double begun = now_ns();
	size_t n = 0;

	while (n < 5 || (n < ROUNDS && now_ns() - begun < budget_ns)) {
		if (n % 2)
			us[n] = timed(ours, what);
		them[n] = timed(bare, what);
		if (n % 2 == 0)
			us[n] = timed(ours, what);
		n++;
	}
	double a = median(us, n), b = median(them, n);
	printf("%-20s %9zu %12.0f %-10s %12.0f %6.2f ", what->name, what->length, a,
		names[what->bare], b, a / b);
	if (what->goal > 0)
		printf("%5.2f %s\n", what->goal, a / b <= what->goal ? "ok" : "SHORT");
	else
		printf("    -\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: remote RPMEMD SSH [MILLISECONDS]");
	if (!getenv("BENCH_FOLDER"))
		set_up(argv);
	snprintf(folder, sizeof(folder), "%s", getenv("BENCH_FOLDER"));
	atexit(tidy);
	fabric_start(SIZE);
	local = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (local == MAP_FAILED)
		err(1, "no memory");
	memset(local, 1, SIZE);
	open_pools();
	printf("%-20s %9s %12s %-10s %12s %6s %5s\n", "call", "bytes", "ours ns", "bare", "ns",
		"ratio", "goal");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		measure(&cases[i], (argc > 3 ? strtod(argv[3], NULL) : 2000) * 1e6);
	for (int i = 0; i < 2; i++)
		must(rpmem_close(pools[i]));
	return 0;
}
