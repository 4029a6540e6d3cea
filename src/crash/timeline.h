/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timeline.h - the events around a bug, and the state of the bug's lines after each event
 *
 * A timeline is drawn as a picture, with a row for each line and a column for each event. Events
 * that do not concern the bug are left out; their number is kept.
 */
#ifndef CRASH_TIMELINE_H
#define CRASH_TIMELINE_H

#include "crash/explore.h"

enum line_state {
	LINE_CLEAN,   /* no store to it yet */
	LINE_PENDING, /* no store to the line yet */
	LINE_FLUSHED, /* some store to the line is not flushed */
	LINE_DURABLE, /* all stores to the line are flushed, and wait for a drain */
};

#define TIMELINE_ROWS 2u

/*
 * A row of the picture: a line of a file, or a page in models with pages. A store of the bug is
 * either lost, or early: it became durable too early.
 */
struct timeline_row {
	uint64_t place, size;
	/* the row has the bug's lost store; the row has the bug's early store */
	bool has_lost, has_early;
};

struct timeline_column {
	const struct event *event;
	uint64_t skipped; /* number of events left out between the previous column and this one */
	bool is_lost, is_early;
	bool touches[TIMELINE_ROWS];
	enum line_state after[TIMELINE_ROWS]; /* state of each row after the event */
};

struct timeline {
	struct timeline_row rows[TIMELINE_ROWS];
	unsigned row_count;
	enum line_state before[TIMELINE_ROWS]; /* state of each row before the first column */
	struct timeline_column *columns;
	uint32_t count, capacity;
	uint32_t cut; /* index of the first column after the crash, or `count` */
};

/*
 * Make the timeline of a bug. Expects `base` to be as explore() has left it, and restores it.
 * Returns 0 or -ENOMEM. The timeline of a bug that names no store has no rows.
 */
int timeline_make(const struct trace *trace, struct memories *memories, enum model model,
	const struct bug *bug, struct timeline *timeline);
void timeline_free(struct timeline *timeline);

#endif
