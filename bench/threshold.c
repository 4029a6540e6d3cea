/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threshold.c - finds the length from which on streaming copies are faster than cached ones
 *
 *	threshold OUR-DIRECTORY [ROUNDS]
 *
 * Prints for each number of lines the time of a streaming copy in relation to a cached and flushed
 * copy: to lines that are in no cache, to lines that were copied to just before, and the mean of
 * the two. The default of PMEM_MOVNT_THRESHOLD (src/cpu/cpu.c) is where the mean falls below 1.
 */
#include <dlfcn.h>
#include <err.h>
#include <libpmem.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"

#define LINE      ((size_t)64)
#define ARENA     ((size_t)64 << 20)
#define CALLS     400
#define ROUND_MAX 1000

static __typeof__(pmem_memcpy) *copy;
static char *arena, *source;

static double sample(size_t length, unsigned flags, int walks)
{
	static size_t walked;
	double start = now_ns();

	for (int i = 0; i < CALLS; i++) {
		copy(arena + walked, source, length, flags);
		if (walks)
			walked = (walked + length + LINE) % (ARENA - 2 * length);
	}
	return (now_ns() - start) / CALLS;
}

static double ratio(size_t length, int walks, size_t rounds)
{
	static double streamed[ROUND_MAX], cached[ROUND_MAX];

	for (size_t i = 0; i < rounds; i++) {
		streamed[i] = sample(length, PMEM_F_MEM_NONTEMPORAL, walks);
		cached[i] = sample(length, PMEM_F_MEM_TEMPORAL, walks);
	}
	return median(streamed, rounds) / median(cached, rounds);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 101;
	char library[4096];

	if (argc < 2 || !rounds || rounds > ROUND_MAX)
		errx(2, "usage: threshold OUR-DIRECTORY [ROUNDS], 1 to %d", ROUND_MAX);
	snprintf(library, sizeof(library), "%s/libpmem.so.1", argv[1]);
	void *handle = dlopen(library, RTLD_NOW);
	if (!handle)
		errx(1, "%s", dlerror());
	copy = (__typeof__(pmem_memcpy) *)dlsym(handle, "pmem_memcpy");
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	source = aligned_alloc(4096, 16 * LINE);
	if (!copy || arena == MAP_FAILED || !source)
		errx(1, "out of memory");
	memset(arena, 1, ARENA);
	memset(source, 2, 16 * LINE);
	printf("streaming / cached\n%8s %8s %12s %12s %12s\n", "lines", "bytes", "other lines",
		"same lines", "mean");
	for (size_t lines = 1; lines <= 16; lines += lines < 8 ? 1 : 4) {
		double walking = ratio(lines * LINE, 1, rounds);
		double hot = ratio(lines * LINE, 0, rounds);
		printf("%8zu %8zu %12.2f %12.2f %12.2f\n", lines, lines * LINE, walking, hot,
			sqrt(walking * hot));
		fflush(stdout);
	}
	return 0;
}
