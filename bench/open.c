/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open.c - measures the first rpmem_open() of a program
 *
 *	open HOST SET MIB [create]
 *
 * Prints the nanoseconds of one call. With `create` it makes the pool, and prints nothing.
 */
#include <err.h>
#include <librpmem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "clock.h"

int main(int argc, char **argv)
{
	unsigned lanes = 1;

	if (argc < 4)
		errx(2, "usage: open HOST SET MIB [create]");
	size_t size = strtoull(argv[3], NULL, 10) << 20;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "out of memory");
	double start = now_ns();
	RPMEMpool *pool = argc > 4 ? rpmem_create(argv[1], argv[2], memory, size, &lanes, NULL)
				   : rpmem_open(argv[1], argv[2], memory, size, &lanes, NULL);
	double took = now_ns() - start;
	if (!pool)
		errx(1, "%s", rpmem_errormsg());
	if (argc == 4)
		printf("%.0f\n", took);
	if (rpmem_close(pool))
		errx(1, "%s", rpmem_errormsg());
	return 0;
}
