/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.c - print the median time of a persist of 64 bytes to another machine, in nanoseconds;
 * bench/turns runs it with several builds of the library
 *
 *	bench-persist SET PERSISTS
 *
 * SET is a pool set of 8 MiB without headers at 127.0.0.1.
 */
#include <err.h>
#include <librpmem.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"

#define SIZE ((size_t)8 << 20)

static double persist(RPMEMpool *rpp, size_t offset)
{
	double start = now_ns();

	if (rpmem_persist(rpp, offset, 64, 0, 0))
		errx(1, "%s", rpmem_errormsg());
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	unsigned lanes = 1;
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
	double *times = calloc(count + 1, sizeof(*times));
	char *pool = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!count || !times || pool == MAP_FAILED)
		errx(2, "usage: bench-persist SET PERSISTS");
	memset(pool, 1, SIZE);
	RPMEMpool *rpp = rpmem_open("127.0.0.1", argv[1], pool, SIZE, &lanes, NULL);
	if (!rpp)
		errx(1, "%s", rpmem_errormsg());
	for (size_t i = 0; i < 2000; i++)
		persist(rpp, 4096);
	for (size_t i = 0; i < count; i++)
		times[i] = persist(rpp, 4096 + 64 * (i % 64));
	printf("%.0f\n", median(times, count));
	return rpmem_close(rpp) != 0;
}
