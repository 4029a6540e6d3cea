/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timeline.h - the events around a bug, and what they made of the lines that it is about
 *
 * For pictures: what has no part in it is left out, and counted.
 */
#ifndef CRASH_TIMELINE_H
#define CRASH_TIMELINE_H

#include "crash/explore.h"

enum line_state {
	LINE_CLEAN,   /* not stored to yet */
	LINE_PENDING, /* some of it is not flushed */
	LINE_FLUSHED, /* all of it waits for a drain */
	LINE_DURABLE, /* all of it is durable */
};

#define TIMELINE_ROWS 2u

/* A line, or a page in a model of pages. */
struct timeline_row {
	uint64_t place, size;
	bool has_lost, has_early; /* is this the row of the store that was */
};

struct timeline_column {
	const struct event *event;
	uint64_t skipped; /* events between the previous column and this one */
	bool is_lost, is_early;
	bool touches[TIMELINE_ROWS];
	enum line_state after[TIMELINE_ROWS]; /* the event */
};

struct timeline {
	struct timeline_row rows[TIMELINE_ROWS];
	unsigned row_count;
	enum line_state before[TIMELINE_ROWS]; /* the first column */
	struct timeline_column *columns;
	uint32_t count, capacity;
	uint32_t cut; /* the crash is before this column; `count`: behind the last one */
};

/*
 * Needs `base` as explore() leaves it, and leaves it so. 0 or -ENOMEM. A bug without any store has
 * no rows.
 */
int timeline_make(const struct trace *trace, struct memories *memories, enum model model,
	const struct bug *bug, struct timeline *timeline);
void timeline_free(struct timeline *timeline);

#endif
