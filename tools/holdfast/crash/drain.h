/* SPDX-License-Identifier: BSD-3-Clause */
/* drain.h - take the records of the running program out of the ring */
#ifndef HOLDFAST_CRASH_DRAIN_H
#define HOLDFAST_CRASH_DRAIN_H

#include "trace/ring.h"
#include "trace/trace.h"

struct drain {
	struct ring *ring;
	struct trace *trace;
	uint64_t tail, told;
	uint64_t lost;     /* number of slots skipped, because their writers were killed */
	uint64_t stuck_at; /* the ring's tail, if the last read found no record there */
	unsigned waits;    /* how many reads in a row found no record at the tail */
	int error;         /* of trace_add() */
};

/*
 * Moves old records from the ring to the trace. Leaves the newest ones in the ring, because reader
 * and writers would slow each other down if they used the same cache lines.
 */
void drain_old(struct drain *drain);

/*
 * Moves all other records to the trace, after all writers have ended. Returns the number of slots
 * lost.
 */
uint64_t drain_rest(struct drain *drain);

#endif
