/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bugs.c - the list of bugs that an exploration has found, and how an image that fails the check
 * becomes a bug
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/exploration.h"

#define SHRUNK 6 /* maximum number of failing images to analyse for one kind of crash point */

static bool is_torn_bug(const struct bug *bug)
{
	return bug->cause == CAUSE_TORN_LINE || bug->cause == CAUSE_TORN_PAGE;
}

/*
 * Are the same stores to blame for both bugs? A bug that was found on storage that does not tear
 * lines counts as the same bug when storage that tears them shows it again.
 */
static bool is_same_bug(const struct bug *a, const struct bug *b)
{
	return (a->cause == b->cause || is_torn_bug(b)) && a->lost.is_there == b->lost.is_there &&
	       a->early.is_there == b->early.is_there && a->lost.stack == b->lost.stack &&
	       a->early.stack == b->early.stack && (a->lost.is_there || a->stack == b->stack);
}

/*
 * Adds the bug to the list; if the list has it already, counts one more image for it. Returns the
 * bug's number plus 1, or 0 if there is no memory.
 */
static uint64_t keep_bug(struct explored *explored, const struct bug *bug)
{
	for (unsigned i = 0; i < explored->bug_count; i++)
		if (is_same_bug(&explored->bugs[i], bug))
			return i + 1;
	struct bug *grown =
		realloc(explored->bugs, (explored->bug_count + 1) * sizeof(*explored->bugs));
	if (!grown)
		return 0;
	explored->bugs = grown;
	struct bug *kept = &grown[explored->bug_count++];
	*kept = *bug;
	kept->words = bug->words ? strdup(bug->words) : NULL;
	kept->name = bug->name ? strdup(bug->name) : NULL;
	return !kept->words == !bug->words && !kept->name == !bug->name ? explored->bug_count : 0;
}

/* Simplifies a failing cut so that it loses few stores, and names the stores to blame. */
static int look_into(
	struct exploration *exploration, const struct cut *cut, const struct verdict *verdict)
{
	struct point *point = &exploration->point;
	struct bug bug = {.status = verdict->status,
		.words = verdict->words,
		.id = verdict->id,
		.at = point->at,
		.stack = point->stack};
	struct cut small = {0};
	bool complete;

	if (!cut_copy(&small, cut))
		return err_set(-ENOMEM, "out of memory for a crash image");
	int error = shrink(point, &small, verdict->status, &complete);
	if (!error)
		error = blame(point, &small, complete, &bug);
	if (!error && history_tears(&exploration->history, &small))
		bug.cause = exploration->history.model == MODEL_PAGE ? CAUSE_TORN_PAGE
								     : CAUSE_TORN_LINE;
	if (!error) {
		bug.id = point_show(point, &small);
		point_hide(point);
		bug.name = point_name(point, &small);
		exploration->here->bug = keep_bug(exploration->explored, &bug);
		free(bug.name);
		if (!exploration->here->bug)
			error = err_set(-ENOMEM, "out of memory for the description of a bug");
	}
	cut_fini(&small);
	return error;
}

int bugs_note(struct exploration *exploration, const struct cut *cut, const struct verdict *verdict)
{
	int error = 0;

	exploration->explored->failing++;
	if (exploration->here->shrunk < SHRUNK) {
		exploration->here->shrunk++;
		error = look_into(exploration, cut, verdict);
	}
	if (error || !exploration->here->bug)
		return error;
	struct bug *bug = &exploration->explored->bugs[exploration->here->bug - 1];
	bug->images++;
	bug->point = exploration->stops;
	return 0;
}

void bugs_count_looked(struct exploration *exploration, uint64_t images)
{
	struct explored *explored = exploration->explored;

	for (unsigned i = 0; i < explored->bug_count; i++)
		if (explored->bugs[i].point == exploration->stops)
			explored->bugs[i].looked += images;
}

/* Sorts bugs: those that only occur on storage that tears lines or pages come last. */
void bugs_sort(struct explored *explored)
{
	for (unsigned i = 0; i < explored->bug_count; i++)
		for (unsigned j = i; j && is_torn_bug(&explored->bugs[j - 1]) &&
				     !is_torn_bug(&explored->bugs[j]);
			j--) {
			struct bug bug = explored->bugs[j];
			explored->bugs[j] = explored->bugs[j - 1];
			explored->bugs[j - 1] = bug;
		}
}

void explored_fini(struct explored *explored)
{
	for (unsigned i = 0; i < explored->bug_count; i++) {
		free(explored->bugs[i].words);
		free(explored->bugs[i].name);
	}
	free(explored->bugs);
	*explored = (struct explored){0};
}
