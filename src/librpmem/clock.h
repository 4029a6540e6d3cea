/* SPDX-License-Identifier: BSD-3-Clause */
/* clock.h - deadlines, in milliseconds of CLOCK_MONOTONIC, which nobody can set */
#ifndef LIBRPMEM_CLOCK_H
#define LIBRPMEM_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The milliseconds left until `deadline`, for poll(2); 0 if it has passed. */
static inline int clock_left(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	return left > 0 ? (int)left : 0;
}

#endif
