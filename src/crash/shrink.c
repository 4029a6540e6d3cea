/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shrink.c - simplify a cut that fails: let it lose as few stores as possible, and let as few
 * survive early as possible
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "crash/point.h"

#define JUDGEMENTS 400 /* maximum number of images to judge while one cut is simplified */

struct shrinking {
	struct point *point;
	struct cut *cut;
	struct cut trial;
	int status, error;
	unsigned left;
};

/* Ends the shrinking if `was_memory` is false, which means that memory ran out. */
static void keep(struct shrinking *shrinking, bool was_memory)
{
	if (!was_memory && !shrinking->error)
		shrinking->error = err_set(-ENOMEM, "out of memory for a crash image");
}

/*
 * Tries the simplified cut: keeps it if the check fails in the same way as with the previous cut.
 */
static bool still_fails(struct shrinking *shrinking)
{
	struct verdict verdict;

	const struct judge *judge = shrinking->point->judge;

	if (shrinking->error || !shrinking->left ||
		(judge->enough && judge->enough(judge->context)))
		return false;
	shrinking->left--;
	shrinking->error = point_judge(shrinking->point, &shrinking->trial, &verdict);
	bool fails = !shrinking->error && verdict.status == shrinking->status;
	if (!shrinking->error)
		free(verdict.words);
	if (fails)
		keep(shrinking, cut_copy(shrinking->cut, &shrinking->trial));
	return fails;
}

static bool is_extreme(const struct unit *unit, const struct choice *choice, bool everything)
{
	return everything ? unit_is_all(unit, choice) : unit_is_none(unit, choice);
}

/*
 * If `everything` is true: does some line in [from, to) still lose a store? If it is false: does a
 * store to some line in [from, to) still survive?
 */
static bool differ(const struct shrinking *shrinking, uint32_t from, uint32_t to, bool everything)
{
	uint32_t span = 0;

	for (uint32_t i = from; i < to; i++) {
		struct unit unit = history_pending(shrinking->point->history, i);
		struct choice choice = cut_choice(shrinking->cut, &unit, i, &span);
		if (!is_extreme(&unit, &choice, everything))
			return true;
	}
	return false;
}

/*
 * Changes lines [from, to) all at once. If the check then no longer fails in the same way, tries
 * each half of the lines separately instead.
 */
static void push_lines(struct shrinking *shrinking, uint32_t from, uint32_t to, bool everything)
{
	if (!differ(shrinking, from, to, everything))
		return;
	keep(shrinking, cut_copy(&shrinking->trial, shrinking->cut));
	keep(shrinking, cut_set(&shrinking->trial, from, to, everything ? RULE_ALL : RULE_NONE));
	if (still_fails(shrinking) || to - from == 1 || !shrinking->left)
		return;
	uint32_t middle = from + (to - from) / 2;
	push_lines(shrinking, from, middle, everything);
	push_lines(shrinking, middle, to, everything);
}

static struct choice choice_of(const struct shrinking *shrinking, uint32_t i, struct unit *unit)
{
	uint32_t span = 0;

	*unit = history_pending(shrinking->point->history, i);
	return cut_choice(shrinking->cut, unit, i, &span);
}

/*
 * Changes one line, element by element: lets more of its stores survive, or fewer of those that
 * survived early.
 */
static void push_elements(struct shrinking *shrinking, uint32_t i, bool everything)
{
	struct unit unit;

	for (;;) {
		uint32_t count = choice_of(shrinking, i, &unit).count;
		if (everything ? count >= unit.count : !count)
			return;
		uint64_t at = unit_element(&unit, everything ? count : count - 1).at;
		struct choice next = unit_before(&unit, everything ? at + 1 : at);
		keep(shrinking, cut_copy(&shrinking->trial, shrinking->cut));
		keep(shrinking, cut_choose(&shrinking->trial, i, &next));
		if (!still_fails(shrinking))
			return;
	}
}

static void push(struct shrinking *shrinking, bool everything)
{
	uint32_t count = shrinking->point->history->count;

	push_lines(shrinking, 0, count, everything);
	for (uint32_t i = 0; i < count && shrinking->left; i++) {
		struct unit unit;
		struct choice choice = choice_of(shrinking, i, &unit);
		if (!unit_is_all(&unit, &choice) && !unit_is_none(&unit, &choice))
			push_elements(shrinking, i, everything);
	}
}

/* Does the simplified cut lose a store? If not, the check fails even with everything durable. */
static bool is_something_lost(const struct shrinking *shrinking)
{
	return differ(shrinking, 0, shrinking->point->history->count, true);
}

int shrink(struct point *point, struct cut *cut, int status, bool *complete)
{
	struct shrinking shrinking = {
		.point = point, .cut = cut, .status = status, .left = JUDGEMENTS};

	if (point->history->count)
		push(&shrinking, true);
	*complete = !is_something_lost(&shrinking);
	if (point->history->count)
		push(&shrinking, false);
	cut_fini(&shrinking.trial);
	return shrinking.error;
}
