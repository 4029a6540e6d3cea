/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * point.h - one crash point: make the image of a cut, have it judged, and find what is to blame
 *
 * Used by explore.c and shrink.c.
 */
#ifndef CRASH_POINT_H
#define CRASH_POINT_H

#include "crash/explore.h"
#include "crash/history.h"

struct point {
	const struct trace *trace;
	const struct history *history;
	const struct judge *judge;
	struct memories *memories;
	unsigned worker;       /* whose image is made */
	uint64_t at;           /* index of the event that comes next */
	uint32_t stack;        /* of that event */
	uint64_t acknowledged; /* bytes of output, at least, and at most */
	uint64_t at_most;
	uint64_t base_hash; /* of the lines in base that are not what they were at first */
};

/* The hash of one line's content. */
uint64_t line_hash(uint64_t place, const unsigned char *line);

/* Fill in all that the judge is told of an image here, except its id. */
struct verdict point_question(const struct point *point);

/* A byte of the image. */
unsigned char *point_image(const struct point *point, uint64_t place);

/* The image of this cut, in `image`; its hash. */
uint64_t point_show(struct point *point, const struct choice *cut);
/* Put `image` back to what is durable. */
void point_hide(struct point *point);
/* A name from which explore_image() makes this image again; new memory, or NULL. */
char *point_name(struct point *point, const struct choice *cut);
/* Have the image of this cut judged, which is shown; hide it. */
int point_ask(struct point *point, const struct choice *cut, struct verdict *verdict);
/* Show, judge, hide. */
int point_judge(struct point *point, const struct choice *cut, struct verdict *verdict);

/*
 * Make the cut smaller in place while the verdict's status stays the same: first as much durable
 * as still fails, then as little early as still fails. `complete`: it fails with everything
 * durable, too, so that what the small cut lacks does not matter.
 */
int shrink(struct point *point, struct choice *cut, int status, bool *complete);

/* Fill in lost, early and cause from a cut that was made small. */
int blame(struct point *point, const struct choice *cut, bool complete, struct bug *bug);

/*
 * around.c: an image fails, and the stores that are pending do not say why. Undo what became
 * durable last, or do what comes next, store by store, until the check passes: that one is named.
 * It stays unnamed if none of some dozens does it. Looking ahead assumes that all that is pending
 * made it.
 */
int look_back(struct point *point, const struct choice *cut, struct suspect *early);
int look_ahead(struct point *point, struct suspect *lost);

#endif
