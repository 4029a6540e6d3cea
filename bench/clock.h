/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.h - timings that can be compared on a noisy machine
 *
 * The libraries or programs that are compared take turns: each round runs each of them once, and
 * the medians over many rounds are compared. A slow second of the machine then slows all of them.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns the median. Sorts `samples` in place. */
static inline double median(double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare_doubles);
	return samples[count / 2];
}

#endif
