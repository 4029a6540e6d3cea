/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unseen.h - stores that cannot be told apart from something that nobody saw (rule R9)
 *
 * A line that is found changed was stored to by something unseen, at an unknown time since the
 * line was last compared. A store to the same unit that was seen in that time may have come before
 * it or after it.
 *
 * cache-line and armv8: such a store to the line is part of what was found, which is all of the
 * line: it is dropped. page: such stores are held back and come with what was found, as a whole.
 * byte and process: all files are one unit, so there is no crash in that time.
 */
#ifndef CRASH_UNSEEN_H
#define CRASH_UNSEEN_H

#include "crash/model.h"
#include "crash/table.h"
#include "trace/trace.h"

struct unseen {
	enum model model;
	bool is_torn;
	struct table dropped; /* by event and line; or by event and unit: until which event */
	struct dark {
		uint64_t from, to; /* events; a crash before one of them is not tried */
	} * darks;                 /* in order */
	uint64_t dark_count, dark_capacity;
};

/* Reads the whole trace. -ENOMEM. */
int unseen_init(struct unseen *unseen, const struct trace *trace, enum model model, bool is_torn);
void unseen_fini(struct unseen *unseen);

/* Is the part of event `at` that went to this line dropped? */
bool unseen_drops(const struct unseen *unseen, uint64_t at, uint64_t line);
/*
 * The event until which the part of event `at` that went to this unit is held back; 0: it is not.
 */
uint64_t unseen_holds(const struct unseen *unseen, uint64_t at, uint64_t unit);
/* Is a crash before event `at` one that may not be possible? */
bool unseen_is_dark(const struct unseen *unseen, uint64_t at);

#endif
