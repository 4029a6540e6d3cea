/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shrink.c - shrink the difference between a cut that fails and one that passes, in both
 * directions
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/point.h"

#define JUDGEMENTS 400 /* maximum number of judgements for one image */

struct shrinking {
	struct point *point;
	struct choice *cut, *trial;
	int status, error;
	unsigned left;
};

/* Judges the trial cut, and keeps it if it fails in the same way. */
static bool still_fails(struct shrinking *shrinking)
{
	struct verdict verdict;

	const struct judge *judge = shrinking->point->judge;

	if (shrinking->error || !shrinking->left ||
		(judge->enough && judge->enough(judge->context)))
		return false;
	shrinking->left--;
	shrinking->error = point_judge(shrinking->point, shrinking->trial, &verdict);
	bool fails = !shrinking->error && verdict.status == shrinking->status;
	if (!shrinking->error)
		free(verdict.words);
	if (fails)
		memcpy(shrinking->cut, shrinking->trial,
			shrinking->point->history->count * sizeof(*shrinking->cut));
	return fails;
}

static void begin_trial(struct shrinking *shrinking)
{
	memcpy(shrinking->trial, shrinking->cut,
		shrinking->point->history->count * sizeof(*shrinking->cut));
}

static bool is_extreme(const struct unit *unit, const struct choice *choice, bool everything)
{
	return everything ? unit_is_all(unit, choice) : unit_is_none(unit, choice);
}

/* Changes lines [from, to) all at once; if that does not keep the failure, each half of them. */
static void push_lines(struct shrinking *shrinking, uint32_t from, uint32_t to, bool everything)
{
	const struct history *history = shrinking->point->history;
	bool differs = false;

	begin_trial(shrinking);
	for (uint32_t i = from; i < to; i++) {
		differs |= !is_extreme(history->pending[i], &shrinking->cut[i], everything);
		shrinking->trial[i] =
			everything ? unit_all(history->pending[i]) : (struct choice){0};
	}
	if (!differs || still_fails(shrinking) || to - from == 1 || !shrinking->left)
		return;
	uint32_t middle = from + (to - from) / 2;
	push_lines(shrinking, from, middle, everything);
	push_lines(shrinking, middle, to, everything);
}

/* Changes one line element by element: more of it durable, or less of it early. */
static void push_elements(struct shrinking *shrinking, uint32_t i, bool everything)
{
	const struct unit *unit = shrinking->point->history->pending[i];

	for (;;) {
		struct choice now = shrinking->cut[i];
		uint32_t count = now.count;
		if (everything ? count >= unit->count : !count)
			return;
		uint64_t at = unit->elements[everything ? count : count - 1].at;
		begin_trial(shrinking);
		shrinking->trial[i] = unit_before(unit, everything ? at + 1 : at);
		if (!still_fails(shrinking))
			return;
	}
}

static void push(struct shrinking *shrinking, bool everything)
{
	uint32_t count = shrinking->point->history->count;

	push_lines(shrinking, 0, count, everything);
	for (uint32_t i = 0; i < count && shrinking->left; i++)
		if (!is_extreme(shrinking->point->history->pending[i], &shrinking->cut[i], true) &&
			!is_extreme(
				shrinking->point->history->pending[i], &shrinking->cut[i], false))
			push_elements(shrinking, i, everything);
}

/* Does the small cut lose a store? If not, the check fails with everything durable. */
static bool is_something_lost(const struct shrinking *shrinking)
{
	const struct history *history = shrinking->point->history;

	for (uint32_t i = 0; i < history->count; i++)
		if (!unit_is_all(history->pending[i], &shrinking->cut[i]))
			return true;
	return false;
}

int shrink(struct point *point, struct choice *cut, int status, bool *complete)
{
	struct shrinking shrinking = {.point = point,
		.cut = cut,
		.trial = calloc(point->history->count + 1u, sizeof(*cut)),
		.status = status,
		.left = JUDGEMENTS};

	if (!shrinking.trial)
		return err_set(-ENOMEM, "no memory for a cut");
	if (point->history->count)
		push(&shrinking, true);
	*complete = !is_something_lost(&shrinking);
	if (point->history->count)
		push(&shrinking, false);
	free(shrinking.trial);
	return shrinking.error;
}
