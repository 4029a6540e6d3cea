/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counting.h - counts the instructions that a call executes
 *
 *	counting_start(target);		the next call of the function at this address is counted
 *	target(...);
 *	struct count count = counting_end();
 *
 * The processor traps after each instruction (unit/x86_steps.h), and a handler of SIGTRAP in this
 * process decodes it. No other process takes part, so the load of the machine does not matter.
 * Only one thread may count at a time. The count begins with the function's first instruction and
 * includes its return.
 */
#ifndef BENCH_COUNTING_H
#define BENCH_COUNTING_H

#include <stdbool.h>

struct count {
	unsigned instructions, flushes, fences, fetches, loads, stores;
};

/* Returns whether counting works on this machine and system. If not, call nothing else. */
bool counting_works(void);

void counting_start(const void *target);
struct count counting_end(void);

#endif
