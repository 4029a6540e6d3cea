/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - which cuts of a crash point are tried, and in which order
 *
 *	T0	nothing and everything
 *	T1	all there are, if they fit the budget; else
 *	T2	prefixes of the program's order, the newest first
 *	T3	one line early: alone, each prefix of it
 *	T4	one line late: everything but the end of it
 *	T5	torn copies: every other atom, the first only, all but the last
 *	T6	two lines early; two lines late
 *	T7	at random, last stores of a line rather there than not: they may be what commits
 */
#ifndef CRASH_PLAN_H
#define CRASH_PLAN_H

#include "crash/history.h"

/* One choice for each pending line of the history. Returns false when no more are wanted. */
typedef bool plan_try(void *context, const struct choice *cut);

/* 0 or -ENOMEM. Without limit with a budget of UINT64_MAX: every cut there is. */
int plan_run(const struct history *history, uint64_t budget, uint64_t seed, plan_try *attempt,
	void *context);

#endif
