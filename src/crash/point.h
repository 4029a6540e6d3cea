/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * point.h - one crash point: make the image of a cut, have it judged, and find what is to blame
 *
 * Used by the files that explore.c consists of: also again.c, around.c, blame.c, bugs.c, shrink.c
 * and trial.c.
 */
#ifndef CRASH_POINT_H
#define CRASH_POINT_H

#include "crash/cut.h"
#include "crash/explore.h"

struct point {
	const struct trace *trace;
	const struct history *history;
	const struct judge *judge;
	struct memories *memories;
	unsigned worker;       /* number of the worker in whose memory images are made */
	uint64_t at;           /* index of the event before which the crash comes */
	uint32_t stack;        /* call stack of that event */
	uint64_t acknowledged; /* bytes of standard output: minimum, and maximum below */
	uint64_t at_most;
	uint64_t base_hash; /* hash of the lines in `base` that differ from their first content */
};

/* The hash of one line's content. */
uint64_t line_hash(uint64_t place, const unsigned char *line);

/* Fill in everything that the judge gets to know of an image here, except its id. */
struct verdict point_question(const struct point *point);

/* The address of a byte of the image. */
unsigned char *point_image(const struct point *point, uint64_t place);

/* Apply the surviving stores to `image`. */
void point_apply(const struct point *point, const struct cut *cut);
/* Make the image of this cut in `image`. Returns its hash. */
uint64_t point_show(struct point *point, const struct cut *cut);
/* Reset `image` to the durable state. */
void point_hide(struct point *point);
/* A name from which explore_image() makes this image again; new memory, or NULL. */
char *point_name(struct point *point, const struct cut *cut);
/* Have the image of this cut, which point_show() has made, judged; then hide it. */
int point_ask(struct point *point, const struct cut *cut, struct verdict *verdict);
/* Make the image of this cut, have it judged, and hide it. */
int point_judge(struct point *point, const struct cut *cut, struct verdict *verdict);

/*
 * Simplify a failing cut in place, as long as the check fails with the same status. First let as
 * many of the lost stores survive as possible: few remain lost. Then leave out each early store
 * that the failure does not need. *complete becomes true if the image fails even when every store
 * is durable: then the lost stores are not the cause.
 */
int shrink(struct point *point, struct cut *cut, int status, bool *complete);

/* Fill in the bug's members lost, early and cause, from a cut that shrink() has made small. */
int blame(struct point *point, const struct cut *cut, bool complete, struct bug *bug);

/*
 * Defined in around.c. For an image that fails although no pending store explains it: undo the
 * stores that became durable last (look_back), or do the next ones (look_ahead), store by store,
 * until the check passes. The last store tried is then named. If some dozens of stores change
 * nothing, no store is named. look_ahead() assumes that all pending stores survive.
 */
int look_back(struct point *point, const struct cut *cut, struct suspect *early);
int look_ahead(struct point *point, struct suspect *lost);

#endif
