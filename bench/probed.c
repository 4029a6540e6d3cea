/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probed.c - a program that flushes with its own instructions, to measure the cost of a probe
 *
 *	probed FILE N	N times: store, flush the line with CLFLUSHOPT, fence with SFENCE
 *
 * The nanoseconds for each of the 2 N instructions go to standard output; the script bench/probed
 * runs it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SIZE (1UL << 20)

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int main(int argc, char *argv[])
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	int fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;

	if (!count || fd < 0 || ftruncate(fd, SIZE))
		return 2;
	volatile uint64_t *words = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return 3;
	uint64_t begin = now();
	for (unsigned long i = 0; i < count; i++) {
		volatile uint64_t *word = &words[i * 8 % (SIZE / 8)];
		*word = i + 1;
		__asm__ volatile("clflushopt %0" : "+m"(*word));
		__asm__ volatile("sfence" ::: "memory");
	}
	printf("%.1f\n", (double)(now() - begin) / (2.0 * (double)count));
	return 0;
}
