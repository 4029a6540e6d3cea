/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spill.h - keep the older events of a long trace in a file instead of in memory
 *
 * The file has no name, and lies in $TMPDIR or /var/tmp. Its pieces are mapped where they lay in
 * memory, so that pointers to events stay valid. A piece leaves the page cache when it is on the
 * disk, and again when a reader has gone through it. Without such a directory, on a file system
 * that is itself in memory, or after a failed write, the trace stays in memory.
 */
#ifndef TRACE_SPILL_H
#define TRACE_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/event.h"

#define SPILL_SLOTS (UINT64_C(1) << 16) /* slots in a piece of the trace, which has 2 MiB */

struct spill {
	enum { SPILL_UNUSED, SPILL_OPEN, SPILL_REFUSED } state;
	int fd;
	uint64_t slots; /* slots that are in the file, in whole pieces; newer slots are in memory */
};

/*
 * Moves the next piece of the trace from memory to the file if there are enough newer slots. The
 * trace has `count` slots, at `slots`.
 */
void spill_older(struct spill *spill, struct event *slots, uint64_t count);
/*
 * Tell where a reader of all slots is: spill_begin() when it begins with the first slot,
 * spill_pass() when it moves from slot `from` to slot `to`.
 */
void spill_begin(const struct spill *spill, struct event *slots);
void spill_pass(const struct spill *spill, struct event *slots, uint64_t from, uint64_t to);
/* Does what spill_pass() does, for a reader that also moves backwards or in no order. */
void spill_turn(const struct spill *spill, struct event *slots, uint64_t from, uint64_t to);
void spill_fini(struct spill *spill);

#endif
