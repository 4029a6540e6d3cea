/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counting.h - what a call executes, instruction by instruction
 *
 *	counting_start(target);		the next call of the function at this address is counted
 *	target(...);
 *	struct count count = counting_end();
 *
 * The processor traps after each instruction, and a handler of SIGTRAP reads the next one, in this
 * process: no other one has to be woken up, so that it does not matter what else runs. One thread
 * at a time. Counted is from the function's first instruction to its return, both included.
 */
#ifndef BENCH_COUNTING_H
#define BENCH_COUNTING_H

#include <stdbool.h>

struct count {
	unsigned instructions, flushes, fences, fetches, loads, stores;
};

/* Does counting work on this machine and system? If not, call nothing else of it. */
bool counting_works(void);

void counting_start(const void *target);
struct count counting_end(void);

#endif
