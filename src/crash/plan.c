/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c - choose cuts within a budget, in the order T0 to T7 of plan.h */
#include "crash/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

struct plan {
	const struct history *history;
	uint32_t count;
	struct cut cut;
	uint32_t *newest; /* indexes of the pending lines; the one stored to last comes first */
	uint64_t budget, seed, left;
	plan_try *attempt;
	void *context;
	bool over, failed; /* failed: memory ran out */
};

static bool attempt(struct plan *plan)
{
	if (!plan->over && !plan->failed)
		plan->over = !plan->attempt(plan->context, &plan->cut);
	return !plan->over && !plan->failed;
}

/*
 * Tries the cut, if this step of the plan has any of its budget left. Returns false if no more
 * cuts should be tried.
 */
static bool attempt_share(struct plan *plan)
{
	if (!plan->left)
		return false;
	plan->left--;
	return attempt(plan);
}

static void fill(struct plan *plan, enum rule rule, uint64_t value)
{
	plan->failed |= !cut_fill(&plan->cut, plan->count, rule, value);
}

static void set(struct plan *plan, uint32_t i, enum rule rule)
{
	plan->failed |= !cut_set(&plan->cut, i, i + 1, rule);
}

static void choose(struct plan *plan, uint32_t i, struct choice choice)
{
	plan->failed |= !cut_choose(&plan->cut, i, &choice);
}

static uint64_t number_of_cuts(const struct plan *plan)
{
	uint64_t cuts = 1;

	for (uint32_t i = 0; i < plan->count && cuts <= plan->budget; i++) {
		struct unit unit = history_pending(plan->history, i);
		uint64_t states = unit_states(&unit, UINT32_MAX);
		cuts = states > UINT64_MAX / cuts ? UINT64_MAX : cuts * states;
	}
	return cuts;
}

/*
 * T1: tries all cuts. Counts through the states of all lines like through the digits of a number.
 */
static void try_all(struct plan *plan)
{
	uint64_t *state = calloc(plan->count + 1u, sizeof(*state));
	uint32_t i = 0;

	fill(plan, RULE_NONE, 0);
	while (state && attempt(plan)) {
		for (i = 0; i < plan->count; i++) {
			struct unit unit = history_pending(plan->history, i);
			if (++state[i] == unit_states(&unit, UINT32_MAX))
				state[i] = 0;
			choose(plan, i, unit_state(&unit, state[i]));
			if (state[i])
				break;
		}
		if (i == plan->count)
			break;
	}
	free(state);
}

/* T2: tries cuts in which the first n stores in program order survive. */
static void try_prefixes(struct plan *plan)
{
	uint64_t before = UINT64_MAX;

	while (before) {
		uint64_t newest = 0;
		for (uint32_t i = 0; i < plan->count; i++) {
			uint64_t at = packed_newest(
				&plan->history->pending[i], &plan->history->links, before);
			newest = at > newest ? at : newest;
		}
		if (!newest)
			return;
		before = newest - 1;
		fill(plan, RULE_BEFORE, before);
		if (!attempt_share(plan))
			return;
	}
}

/* Returns the index of the first element of the group to which element `count` - 1 belongs. */
static uint32_t group_back(const struct unit *unit, uint32_t count)
{
	uint32_t group = unit_element(unit, count - 1).group;

	while (count && unit_element(unit, count - 1).group == group)
		count--;
	return count;
}

/*
 * T3 and T4: tries cuts in which only line `i` is early, or only line `i` is late; the cut in which
 * most of its stores survive comes first.
 */
static void try_line(struct plan *plan, uint32_t i, bool early)
{
	struct unit unit = history_pending(plan->history, i);
	uint32_t count = early ? unit.count : group_back(&unit, unit.count);

	fill(plan, early ? RULE_NONE : RULE_ALL, 0);
	for (;;) {
		choose(plan, i, unit_first(&unit, count));
		if (!count || !attempt_share(plan))
			break;
		/*
		 * Unpack the unit again: attempt() may have unpacked other units into the same
		 * memory.
		 */
		unit = history_pending(plan->history, i);
		count = group_back(&unit, count);
	}
	if (!early && !count)
		attempt_share(plan);
}

/*
 * T5: tries cuts in which the last group of line `i` survives in part, and all other lines
 * survive.
 */
static void try_torn(struct plan *plan, uint32_t i)
{
	struct unit unit = history_pending(plan->history, i);
	uint32_t from = group_back(&unit, unit.count), size = unit.count - from;
	uint64_t every = size < 64 ? (UINT64_C(1) << size) - 1 : UINT64_MAX;
	uint64_t masks[] = {UINT64_C(0xAAAAAAAAAAAAAAAA) & every, 1, every >> 1};

	for (unsigned m = 0; m < 3; m++) {
		fill(plan, RULE_ALL, 0);
		choose(plan, i, (struct choice){from, masks[m], UINT64_MAX});
		if (!attempt_share(plan))
			return;
	}
	fill(plan, RULE_ALL, 0);
	choose(plan, i, (struct choice){from + size / 2, 0, UINT64_MAX});
	attempt_share(plan);
}

/* T6: tries cuts in which two lines are early, or two lines are late. */
static void try_pairs(struct plan *plan)
{
	for (uint32_t a = 0; a < plan->count; a++)
		for (uint32_t b = a + 1; b < plan->count; b++)
			for (unsigned early = 0; early < 2; early++) {
				fill(plan, early ? RULE_NONE : RULE_ALL, 0);
				set(plan, plan->newest[a], early ? RULE_ALL : RULE_NONE);
				set(plan, plan->newest[b], early ? RULE_ALL : RULE_NONE);
				if (!attempt_share(plan))
					return;
			}
}

/* T7: tries `count` cuts with a random state of each line. */
static void try_random(struct plan *plan, uint64_t count)
{
	for (uint64_t tries = 0; tries < count && !plan->over; tries++) {
		fill(plan, RULE_DRAWN, plan->seed);
		plan->seed = cut_next_seed(&plan->cut, plan->seed);
		attempt(plan);
	}
}

static bool is_copy(const struct plan *plan, uint32_t i)
{
	struct unit unit = history_pending(plan->history, i);

	return unit_is_copy(&unit);
}

static void try_some(struct plan *plan)
{
	plan->left = plan->budget / 5 + 1;
	try_prefixes(plan);
	plan->left = plan->budget / 6 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		try_line(plan, plan->newest[i], true);
	plan->left = plan->budget / 6 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		try_line(plan, plan->newest[i], false);
	try_random(plan, plan->budget / 4);
	plan->left = plan->budget / 16 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		if (is_copy(plan, plan->newest[i]))
			try_torn(plan, plan->newest[i]);
	plan->left = plan->budget / 16 + 1;
	try_pairs(plan);
	try_random(plan, 4 * plan->budget);
}

static void try_cuts(struct plan *plan)
{
	fill(plan, RULE_NONE, 0);
	attempt(plan);
	fill(plan, RULE_ALL, 0);
	attempt(plan);
	if (plan->over || !plan->count)
		return;
	if (number_of_cuts(plan) <= plan->budget)
		try_all(plan);
	else
		try_some(plan);
}

static int by_newest(const void *a, const void *b, void *context)
{
	const struct history *history = context;
	const struct packed *x = &history->pending[*(const uint32_t *)a];
	const struct packed *y = &history->pending[*(const uint32_t *)b];
	uint64_t left = packed_newest(x, &history->links, UINT64_MAX);
	uint64_t right = packed_newest(y, &history->links, UINT64_MAX);

	if (left != right)
		return left < right ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

int plan_run(const struct history *history, uint64_t budget, uint64_t seed, plan_try *call,
	void *context)
{
	struct plan plan = {.history = history,
		.count = history->count,
		.newest = calloc(history->count + 1u, sizeof(*plan.newest)),
		.budget = budget,
		.seed = seed,
		.attempt = call,
		.context = context};

	plan.failed = !plan.newest;
	for (uint32_t i = 0; i < plan.count && plan.newest; i++)
		plan.newest[i] = i;
	if (plan.newest) {
		qsort_r(plan.newest, plan.count, sizeof(*plan.newest), by_newest, (void *)history);
		try_cuts(&plan);
	}
	cut_fini(&plan.cut);
	free(plan.newest);
	return plan.failed ? err_set(-ENOMEM, "out of memory for a crash image of %u cache lines",
				     history->count)
			   : 0;
}
