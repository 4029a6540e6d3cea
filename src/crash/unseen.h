/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unseen.h - which stores are not used because their line was found changed (rule R9)
 *
 * A line that is found changed was stored to by something unseen, at an unknown time since the
 * line was last compared. A store that was seen in that time may have come before it or after
 * it: it is part of what was found, and no element of its own.
 */
#ifndef CRASH_UNSEEN_H
#define CRASH_UNSEEN_H

#include "crash/table.h"
#include "trace/trace.h"

struct unseen {
	struct table dropped; /* by event and line */
};

/* Reads the whole trace. -ENOMEM. */
int unseen_init(struct unseen *unseen, const struct trace *trace);
void unseen_fini(struct unseen *unseen);

/* Is the part of event `at` that went to this line dropped? */
bool unseen_drops(const struct unseen *unseen, uint64_t at, uint64_t line);

#endif
