/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exploration.h - the state of an exploration, which explore.c, trial.c and bugs.c share
 */
#ifndef CRASH_EXPLORATION_H
#define CRASH_EXPLORATION_H

#include "crash/point.h"

/* The results so far for one signature (a kind of crash point, see explore.c). */
struct signature {
	uint64_t met; /* number of crash points with this signature in this round */
	uint64_t shrunk;
	uint64_t bug; /* number, plus 1, of the last bug found at one of these points */
};

/* An image that was given to a worker to judge. */
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
	struct table signatures; /* maps a signature to its index in `known`, plus 1 */
	/* maps a shape (explore.c) to true if a crash point of this shape was tried */
	struct table shapes;
	struct signature *known;
	uint64_t known_count;
	struct table tried;  /* hashes of the images that were judged */
	struct given *given; /* for each worker: the image that it judges */
	unsigned turn;       /* index of the worker that gets the next image */
	bool is_torn;
	struct signature *here;
	uint64_t marks, round, left, attempts;
	uint64_t rounds;   /* maximum number of passes over the trace */
	uint64_t most_met; /* the largest value of `met` of any signature */
	uint64_t stops;    /* number of crash points visited, in all rounds */
	int error;
};

/* functions of trial.c */
/* Tell the judge that the exploration has reached the event with index `at`. */
void trial_progress(const struct exploration *exploration, uint64_t at);
/*
 * Make the image of this cut and have it judged, unless an equal image was judged before. The
 * verdict may come later. The function has type plan_try; `context` is the exploration.
 */
bool trial_cut(void *context, const struct cut *cut);
/* Wait for all verdicts that workers still owe, in the order in which their images were made. */
void trial_end_all(struct exploration *exploration);
/* Is the time used up, or the maximum number of images reached? */
bool trial_is_over(struct exploration *exploration);

/* functions of bugs.c */
/*
 * Note that the image of this cut failed: find the bug that the image shows, and count the image
 * for this bug. Returns 0 or an error.
 */
int bugs_note(
	struct exploration *exploration, const struct cut *cut, const struct verdict *verdict);
/* Add `images`, the number of images judged at this crash point, to each bug found here. */
void bugs_count_looked(struct exploration *exploration, uint64_t images);
/* Sort bugs: those that only occur if storage writes lines or pages in parts come last. */
void bugs_sort(struct explored *explored);

#endif
