/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c - choose cuts within a budget, in the order T0 to T7 of plan.h */
#include "crash/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct plan {
	const struct history *history;
	uint32_t count;
	struct choice *cut;
	uint32_t *newest; /* indexes of the lines, the line with the newest store first */
	uint64_t budget, seed, left;
	plan_try *attempt;
	void *context;
	bool over;
};

static bool attempt(struct plan *plan)
{
	if (!plan->over)
		plan->over = !plan->attempt(plan->context, plan->cut);
	return !plan->over;
}

/* Tries the cut within a share of the budget. False: no more are wanted. */
static bool attempt_share(struct plan *plan)
{
	if (!plan->left)
		return false;
	plan->left--;
	return attempt(plan);
}

static void set_all(struct plan *plan, bool everything)
{
	for (uint32_t i = 0; i < plan->count; i++)
		plan->cut[i] =
			everything ? unit_all(plan->history->pending[i]) : (struct choice){0};
}

static uint64_t number_of_cuts(const struct plan *plan)
{
	uint64_t cuts = 1;

	for (uint32_t i = 0; i < plan->count && cuts <= plan->budget; i++) {
		uint64_t states = unit_states(plan->history->pending[i], UINT32_MAX);
		cuts = states > UINT64_MAX / cuts ? UINT64_MAX : cuts * states;
	}
	return cuts;
}

/* T1: all cuts. Counts through the states of all lines, like the digits of a number. */
static void try_all(struct plan *plan)
{
	uint64_t *state = calloc(plan->count + 1u, sizeof(*state));
	uint32_t i = 0;

	set_all(plan, false);
	while (state && attempt(plan)) {
		for (i = 0; i < plan->count; i++) {
			const struct unit *unit = plan->history->pending[i];
			if (++state[i] == unit_states(unit, UINT32_MAX))
				state[i] = 0;
			plan->cut[i] = unit_state(unit, state[i]);
			if (state[i])
				break;
		}
		if (i == plan->count)
			break;
	}
	free(state);
}

static uint64_t newest_in(const struct unit *unit, uint64_t before)
{
	for (uint32_t i = unit->count; i-- > 0;)
		if (unit->elements[i].at < before)
			return unit->elements[i].at + 1;
	return 0;
}

/* T2: the first n stores in program order survive. */
static void try_prefixes(struct plan *plan)
{
	uint64_t before = UINT64_MAX;

	while (before) {
		uint64_t newest = 0;
		for (uint32_t i = 0; i < plan->count; i++) {
			uint64_t at = newest_in(plan->history->pending[i], before);
			newest = at > newest ? at : newest;
		}
		if (!newest)
			return;
		before = newest - 1;
		for (uint32_t i = 0; i < plan->count; i++)
			plan->cut[i] = unit_before(plan->history->pending[i], before);
		if (!attempt_share(plan))
			return;
	}
}

/* The index at which the last group of the first `count` elements begins. */
static uint32_t group_back(const struct unit *unit, uint32_t count)
{
	uint32_t group = unit->elements[count - 1].group;

	while (count && unit->elements[count - 1].group == group)
		count--;
	return count;
}

static struct choice first_elements(const struct unit *unit, uint32_t count)
{
	return count < unit->count ? unit_before(unit, unit->elements[count].at) : unit_all(unit);
}

/* T3 and T4: line `i` alone is early or late, its longest prefix first. */
static void try_line(struct plan *plan, uint32_t i, bool early)
{
	const struct unit *unit = plan->history->pending[i];
	uint32_t count = early ? unit->count : group_back(unit, unit->count);

	set_all(plan, !early);
	for (;; count = group_back(unit, count)) {
		plan->cut[i] = first_elements(unit, count);
		if (!count || !attempt_share(plan))
			break;
	}
	if (!early && !count)
		attempt_share(plan);
}

static bool is_copy(const struct unit *unit)
{
	return unit->count > 1 &&
	       unit->elements[unit->count - 1].group == unit->elements[unit->count - 2].group &&
	       !(unit->elements[unit->count - 1].flags & ELEMENT_WHOLE);
}

/* T5: the last group of line `i` is torn, and all other lines are complete. */
static void try_torn(struct plan *plan, uint32_t i)
{
	const struct unit *unit = plan->history->pending[i];
	uint32_t from = group_back(unit, unit->count), size = unit->count - from;
	uint64_t every = size < 64 ? (UINT64_C(1) << size) - 1 : UINT64_MAX;
	uint64_t masks[] = {UINT64_C(0xAAAAAAAAAAAAAAAA) & every, 1, every >> 1};

	for (unsigned m = 0; m < 3; m++) {
		set_all(plan, true);
		plan->cut[i] = (struct choice){from, masks[m], UINT64_MAX};
		if (!attempt_share(plan))
			return;
	}
	set_all(plan, true);
	plan->cut[i] = (struct choice){from + size / 2, 0, UINT64_MAX};
	attempt_share(plan);
}

/* T6: two lines are early or late. */
static void try_pairs(struct plan *plan)
{
	for (uint32_t a = 0; a < plan->count; a++)
		for (uint32_t b = a + 1; b < plan->count; b++)
			for (unsigned early = 0; early < 2; early++) {
				uint32_t i = plan->newest[a], j = plan->newest[b];
				set_all(plan, !early);
				plan->cut[i] = early ? unit_all(plan->history->pending[i])
						     : (struct choice){0};
				plan->cut[j] = early ? unit_all(plan->history->pending[j])
						     : (struct choice){0};
				if (!attempt_share(plan))
					return;
			}
}

static uint64_t draw(struct plan *plan)
{
	plan->seed += UINT64_C(0x9E3779B97F4A7C15);
	return mix(plan->seed);
}

/* T7: draws a random state for line `i`. */
static void draw_line(struct plan *plan, uint32_t i)
{
	const struct unit *unit = plan->history->pending[i];
	uint64_t random = draw(plan);

	if (random & 1 && unit->elements[unit->count - 1].length <= 8 && !is_copy(unit))
		plan->cut[i] = unit_all(unit);
	else
		plan->cut[i] = first_elements(unit, (uint32_t)((random >> 8) % (unit->count + 1)));
	plan->cut[i].streams &= draw(plan);
}

static void try_random(struct plan *plan)
{
	for (uint64_t tries = 0; tries < 4 * plan->budget && !plan->over; tries++) {
		for (uint32_t i = 0; i < plan->count; i++)
			draw_line(plan, i);
		attempt(plan);
	}
}

static void try_some(struct plan *plan)
{
	plan->left = plan->budget / 3 + 1;
	try_prefixes(plan);
	plan->left = plan->budget / 4 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		try_line(plan, plan->newest[i], true);
	plan->left = plan->budget / 4 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		try_line(plan, plan->newest[i], false);
	plan->left = plan->budget / 8 + 1;
	for (uint32_t i = 0; i < plan->count && plan->left; i++)
		if (is_copy(plan->history->pending[plan->newest[i]]))
			try_torn(plan, plan->newest[i]);
	plan->left = plan->budget / 8 + 1;
	try_pairs(plan);
	try_random(plan);
}

static void try_cuts(struct plan *plan)
{
	set_all(plan, false);
	attempt(plan);
	set_all(plan, true);
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
	const struct unit *x = history->pending[*(const uint32_t *)a];
	const struct unit *y = history->pending[*(const uint32_t *)b];
	uint64_t left = x->elements[x->count - 1].at, right = y->elements[y->count - 1].at;

	if (left != right)
		return left < right ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

int plan_run(const struct history *history, uint64_t budget, uint64_t seed, plan_try *call,
	void *context)
{
	struct plan plan = {.history = history,
		.count = history->count,
		.cut = calloc(history->count + 1u, sizeof(*plan.cut)),
		.newest = calloc(history->count + 1u, sizeof(*plan.newest)),
		.budget = budget,
		.seed = seed,
		.attempt = call,
		.context = context};

	if (!plan.cut || !plan.newest) {
		free(plan.cut);
		free(plan.newest);
		return err_set(-ENOMEM, "no memory for a cut of %u lines", history->count);
	}
	for (uint32_t i = 0; i < plan.count; i++)
		plan.newest[i] = i;
	qsort_r(plan.newest, plan.count, sizeof(*plan.newest), by_newest, (void *)history);
	try_cuts(&plan);
	free(plan.cut);
	free(plan.newest);
	return 0;
}
