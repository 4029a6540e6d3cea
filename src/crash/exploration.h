/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exploration.h - the state of an exploration, which explore.c, trial.c and bugs.c share
 */
#ifndef CRASH_EXPLORATION_H
#define CRASH_EXPLORATION_H

#include "crash/point.h"

/* A signature, and its results so far. */
struct signature {
	uint64_t met; /* how often it was met in this round */
	uint64_t shrunk;
	uint64_t bug; /* number of the last bug found there, plus 1 */
};

/* An image that was given to a worker. */
struct given {
	bool is_there;
	struct cut cut;
	struct verdict verdict;
};

struct exploration {
	struct point point;
	struct history history;
	struct unseen unseen, whole;
	const struct explore_options *options;
	struct explored *explored;
	struct table signatures; /* index in `known` of each signature, plus 1 */
	struct signature *known;
	uint64_t known_count;
	struct table tried;  /* hashes of images that were judged */
	struct given *given; /* by worker: its image */
	unsigned turn;       /* index of the worker that is next */
	bool is_torn;
	struct signature *here;
	uint64_t marks, round, left, attempts;
	uint64_t stops; /* visits to crash points, in all rounds */
	int error;
};

/* functions of trial.c */
/*
 * Make the image of this cut and have it judged, unless an equal one was; a function of type
 * plan_try, whose context is the exploration. A verdict may be taken later.
 */
bool trial_cut(void *context, const struct cut *cut);
/* Take all outstanding verdicts, the oldest first. */
void trial_end_all(struct exploration *exploration);
/* Is the time or the limit of images used up? */
bool trial_is_over(struct exploration *exploration);

/* functions of bugs.c */
/*
 * Note that the image of this cut failed: find the bug and count the image. Returns 0 or an error.
 */
int bugs_note(
	struct exploration *exploration, const struct cut *cut, const struct verdict *verdict);
/* Count the images that were judged here for each bug that was found here. */
void bugs_count_looked(struct exploration *exploration, uint64_t images);
/* Sort bugs so that those which need storage that tears come last. */
void bugs_sort(struct explored *explored);

#endif
