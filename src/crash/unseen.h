/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unseen.h - stores that cannot be told apart from unseen ones, which the recorder missed (rule R9
 * of unit.h)
 *
 * If a comparison finds a line changed, then an unseen store changed it, at an unknown time since
 * the line was last compared. A recorded store to the same unit in that time may have come before
 * the unseen one or after it.
 *
 * In the models cache-line and armv8 the recorded store is dropped, because the comparison has
 * found the whole line, which includes the bytes of this store. In the model page such stores are
 * held back: they survive or are lost together with the changes found. In the models byte and
 * process all files are one unit, so no crash is tried between the two comparisons.
 */
#ifndef CRASH_UNSEEN_H
#define CRASH_UNSEEN_H

#include "crash/model.h"
#include "crash/table.h"
#include "trace/trace.h"

struct unseen {
	enum model model;
	bool is_torn;
	/*
	 * A key of an event and a line means that the store is dropped. A key of an event and a
	 * unit has as its value the event until which the store is held back.
	 */
	struct table dropped;
	struct dark {
		uint64_t from, to; /* no crash is tried before the events with these indexes */
	} * darks;                 /* in order of events */
	uint64_t dark_count, dark_capacity;
};

/* Find the stores in the trace that may be mixed with unseen ones. Returns 0 or -ENOMEM. */
int unseen_init(struct unseen *unseen, const struct trace *trace, enum model model, bool is_torn);
void unseen_fini(struct unseen *unseen);

/* Is the part of event `at` that went to this line dropped? */
bool unseen_drops(const struct unseen *unseen, uint64_t at, uint64_t line);
/*
 * Returns the event until which the part of event `at` that went to this unit is held back; 0 if
 * it is not held back.
 */
uint64_t unseen_holds(const struct unseen *unseen, uint64_t at, uint64_t unit);
/* Is a crash before event `at` not tried, because it may be impossible? */
bool unseen_is_dark(const struct unseen *unseen, uint64_t at);

#endif
