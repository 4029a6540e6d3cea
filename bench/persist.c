/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.c - print the median time of a persist of 64 bytes to another machine, in nanoseconds;
 * bench/turns runs it with several builds of the library
 *
 *	bench-persist SET PERSISTS [PAUSE]
 *
 * SET is a pool set of 8 MiB without headers at 127.0.0.1. With PAUSE, the program sleeps for that
 * many microseconds before each persist. It then also prints how much of a processor the target
 * used, in percent. For that the program RPMEM_SSH must execute the target by execve(2), without
 * a fork.
 */
#include <err.h>
#include <librpmem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

#define SIZE ((size_t)8 << 20)

static double persist(RPMEMpool *rpp, size_t offset)
{
	double start = now_ns();

	if (rpmem_persist(rpp, offset, 64, 0, 0))
		errx(1, "%s", rpmem_errormsg());
	return now_ns() - start;
}

/* Returns the processor time of the target, which is the only child of this process, in ns. */
static double target_cpu_ns(void)
{
	static const char print[] =
		"cat /proc/$(pgrep -P $PPID -o)/task/*/schedstat | awk '{ sum += $1 } END { print sum }'";
	double sum = 0;
	FILE *pipe = popen(print, "r");

	if (!pipe || fscanf(pipe, "%lf", &sum) != 1)
		errx(1, "cannot read the processor time of the target");
	pclose(pipe);
	return sum;
}

int main(int argc, char **argv)
{
	unsigned lanes = 1;
	size_t count = argc >= 3 ? strtoul(argv[2], NULL, 0) : 0;
	useconds_t pause = argc == 4 ? (useconds_t)strtoul(argv[3], NULL, 0) : 0;
	double *times = calloc(count + 1, sizeof(*times));
	char *pool = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!count || !times || pool == MAP_FAILED)
		errx(2, "usage: bench-persist SET PERSISTS [PAUSE]");
	memset(pool, 1, SIZE);
	RPMEMpool *rpp = rpmem_open("127.0.0.1", argv[1], pool, SIZE, &lanes, NULL);
	if (!rpp)
		errx(1, "%s", rpmem_errormsg());
	for (size_t i = 0; i < 2000; i++)
		persist(rpp, 4096);
	double used = pause ? target_cpu_ns() : 0, start = now_ns();
	for (size_t i = 0; i < count; i++) {
		if (pause)
			usleep(pause);
		times[i] = persist(rpp, 4096 + 64 * (i % 64));
	}
	double took = now_ns() - start;
	printf("%.0f", median(times, count));
	if (pause)
		printf(" %.2f", (target_cpu_ns() - used) / took * 100);
	puts("");
	return rpmem_close(rpp) != 0;
}
