/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - the cuts of a crash point that are tried, and their order. A cut says for each pending
 * line which of its stores survive the crash.
 *
 *	T0	no store survives; all stores survive
 *	T1	all possible cuts, if they fit the budget; else T2 to T7
 *	T2	the first n stores in program order survive; the largest n is tried first
 *	T3	one line is early: only stores to this line survive; each prefix of them is tried
 *	T4	one line is late: everything survives except the last stores to this line
 *	T5	torn copies: every second atom (word of 8 bytes) survives, only the first, all but
 *		the last
 *	T6	two lines are early; two lines are late
 *	T7	random cuts; the last stores of a line, which may be commits, survive more often
 *
 * If many lines are pending, T3 and T4 reach only some of them. A random cut has some stores early
 * and others late all at once, so a quarter of the budget is for T7, before T5.
 */
#ifndef CRASH_PLAN_H
#define CRASH_PLAN_H

#include "crash/cut.h"

/*
 * A function that is called with each cut of all pending lines. It returns false to end the plan.
 */
typedef bool plan_try(void *context, const struct cut *cut);

/*
 * Try cuts until the budget is used up. A budget of UINT64_MAX is unlimited: every possible cut is
 * tried. Returns 0 or -ENOMEM.
 */
int plan_run(const struct history *history, uint64_t budget, uint64_t seed, plan_try *attempt,
	void *context);

#endif
