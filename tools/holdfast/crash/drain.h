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
	uint64_t lost;     /* slots passed over, because their writers were killed */
	uint64_t stuck_at; /* the tail at which there was no record the last time */
	unsigned waits;    /* how often there was none, in a row */
	int error;         /* of trace_add() */
};

/*
 * Takes over only old records: on new lines of the ring, reader and writers would wait for each
 * other.
 */
void drain_old(struct drain *drain);

/* Takes over all other records when all writers have ended. Returns the number of slots lost. */
uint64_t drain_rest(struct drain *drain);

#endif
