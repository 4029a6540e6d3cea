/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * point.h - one crash point: make the image of a cut, have it judged, and find what is to blame
 *
 * These functions are for explore.c, again.c, around.c, blame.c, bugs.c, shrink.c and trial.c.
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
	uint64_t at;           /* index of the event after the crash */
	uint32_t stack;        /* call stack of the event after the crash */
	uint64_t acknowledged; /* minimum of bytes written to standard output; maximum: at_most */
	uint64_t at_most;
	uint64_t base_hash; /* hash of the lines in `base` that differ from their first content */
};

/* Returns the hash of the content of one line. */
uint64_t line_hash(uint64_t place, const unsigned char *line);

/* Fill in everything about an image at this crash point that the judge is told, except its id. */
struct verdict point_question(const struct point *point);

/* Returns the address of the image's byte at this place. */
unsigned char *point_image(const struct point *point, uint64_t place);

/* Apply the stores that survive this cut to `image`. */
void point_apply(const struct point *point, const struct cut *cut);
/* Make the image of this cut in `image`. Returns its hash. */
uint64_t point_show(struct point *point, const struct cut *cut);
/* Undo point_show(): reset `image` to the durable content. */
void point_hide(struct point *point);
/*
 * Returns a name from which explore_image() can make this image again, in allocated memory; or
 * NULL.
 */
char *point_name(struct point *point, const struct cut *cut);
/* Have an image judged that point_show() has made from this cut; then call point_hide(). */
int point_ask(struct point *point, const struct cut *cut, struct verdict *verdict);
/* Make the image of this cut, have it judged, and hide it. */
int point_judge(struct point *point, const struct cut *cut, struct verdict *verdict);

/*
 * Simplify a failing cut in place, as long as the check fails with the same status. First let as
 * many stores survive as possible, so that few are lost. Then let each store that survived early
 * be lost, unless the failure needs it. *complete becomes true if the image fails even when every
 * store is durable: then the lost stores are not the cause.
 */
int shrink(struct point *point, struct cut *cut, int status, bool *complete);

/* Fill in the bug's members lost, early and cause, from a cut that shrink() has simplified. */
int blame(struct point *point, const struct cut *cut, bool complete, struct bug *bug);

/*
 * Defined in around.c. These functions are for an image that fails although no pending store
 * explains it. look_back() undoes the stores that became durable last, look_ahead() executes the
 * stores after the crash, one by one until the check passes. The last store undone or executed is
 * then named. If some dozens of stores change nothing, no store is named. look_ahead() assumes
 * that all pending stores survive.
 */
int look_back(struct point *point, const struct cut *cut, struct suspect *early);
int look_ahead(struct point *point, struct suspect *lost);

#endif
