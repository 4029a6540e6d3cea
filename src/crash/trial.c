/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trial.c - have the image of a cut judged, once
 *
 * Images are judged by workers in turn, and verdicts are taken in the order in which the images
 * were made. So the result is the same for any number of workers.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "crash/exploration.h"

/* Was an image with the same content and the same length of standard output judged before? */
static bool is_known(struct exploration *exploration, uint64_t hash)
{
	uint64_t key = mix(hash ^ mix(exploration->point.acknowledged + 1) ^
			       mix(exploration->marks * 7 + 3)) |
		       1;
	uint64_t *found = table_add(&exploration->tried, key);

	if (!found) {
		exploration->error =
			err_set(-ENOMEM, "out of memory to remember the crash images tried");
		return true;
	}
	return (*found)++ > 0;
}

void trial_progress(const struct exploration *exploration, uint64_t at)
{
	const struct judge *judge = exploration->point.judge;
	uint64_t before = exploration->is_torn ? exploration->rounds : 0;

	if (judge->progress)
		judge->progress(
			&(struct progress){.round = (unsigned)(before + exploration->round + 1),
				.rounds = (unsigned)(exploration->rounds *
						     (1u + exploration->options->is_torn)),
				.at = at,
				.end = exploration->point.trace->count,
				.images = exploration->explored->images});
}

bool trial_is_over(struct exploration *exploration)
{
	const struct explore_options *options = exploration->options;
	const struct judge *judge = exploration->point.judge;

	if (!exploration->explored->was_ended)
		exploration->explored->was_ended =
			(options->images && exploration->explored->images >= options->images) ||
			(judge->enough && judge->enough(judge->context));
	return exploration->explored->was_ended;
}

static bool judge_now(
	struct exploration *exploration, const struct cut *cut, struct verdict *verdict)
{
	exploration->error = point_ask(&exploration->point, cut, verdict);
	if (!exploration->error && verdict->status)
		exploration->error = bugs_note(exploration, cut, verdict);
	free(verdict->words);
	return !exploration->error;
}

/* Waits for a worker's verdict about the image that it was given. */
static bool take_verdict(struct exploration *exploration, unsigned worker)
{
	struct given *given = &exploration->given[worker];
	struct point *point = &exploration->point;
	const struct judge *judge = point->judge;

	if (!given->is_there)
		return true;
	given->is_there = false;
	point->worker = worker;
	int error = judge->end(judge->context, worker, &given->verdict);
	if (error == JUDGE_AGAIN) {
		point_show(point, &given->cut);
		return judge_now(exploration, &given->cut, &given->verdict);
	}
	point_hide(point);
	if (!error && given->verdict.status)
		error = bugs_note(exploration, &given->cut, &given->verdict);
	if (error <= 0)
		free(given->verdict.words);
	exploration->error = error;
	return !error;
}

/* Waits for all verdicts that workers still owe, in the order in which their images were made. */
void trial_end_all(struct exploration *exploration)
{
	unsigned workers = exploration->point.judge->workers;

	for (unsigned i = 0; i < workers && !exploration->error; i++)
		take_verdict(exploration, (exploration->turn + i) % workers);
}

static bool give(
	struct exploration *exploration, const struct cut *cut, const struct verdict *verdict)
{
	struct given *given = &exploration->given[exploration->turn];
	const struct judge *judge = exploration->point.judge;

	if (!cut_copy(&given->cut, cut)) {
		exploration->error = err_set(-ENOMEM, "out of memory for a crash image");
		return false;
	}
	given->verdict = *verdict;
	exploration->error = judge->begin(judge->context, exploration->turn, verdict);
	given->is_there = !exploration->error;
	exploration->turn = (exploration->turn + 1) % judge->workers;
	return given->is_there;
}

bool trial_cut(void *context, const struct cut *cut)
{
	struct exploration *exploration = context;
	struct point *point = &exploration->point;
	bool has_workers = point->judge->workers;

	if (!exploration->left || !exploration->attempts-- || trial_is_over(exploration))
		return false;
	if (has_workers && !take_verdict(exploration, exploration->turn))
		return false;
	point->worker = exploration->turn;
	struct verdict verdict = point_question(point);
	verdict.id = point_show(point, cut);
	if (is_known(exploration, verdict.id)) {
		point_hide(point);
		exploration->explored->same++;
		return !exploration->error;
	}
	exploration->left--;
	exploration->explored->images++;
	trial_progress(exploration, point->at);
	return has_workers ? give(exploration, cut, &verdict)
			   : judge_now(exploration, cut, &verdict);
}
