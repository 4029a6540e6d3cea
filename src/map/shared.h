/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shared.h - the memory that this process shares with the processes forked from it
 *
 * They share the open file descriptions of its maps, so an error that the kernel reports to one of
 * them is news for all.
 *
 * The memory is made before the first write-back or the first fork, whichever comes first; a
 * program that does neither pays nothing. Without it, nothing was ever written back, so nothing
 * has failed. A process that forks before it maps anything needs it all the same: it may hand an
 * open descriptor to a child, and both map that. A process made by clone(2) itself, past fork(3),
 * has a memory of its own unless something was written back before.
 */
#ifndef MAP_SHARED_H
#define MAP_SHARED_H

#include <stdatomic.h>

#include "map/failed_files.h"
#include "map/flights.h"

struct shared {
	struct flights flights;
	struct failed_files failed;
	bool is_private; /* constant: a child has a copy */
};

extern _Atomic(struct shared *) shared_memory;

/* NULL while nothing was ever written back. One load. */
static inline struct shared *shared_if_made(void)
{
	return atomic_load_explicit(&shared_memory, memory_order_acquire);
}

/* Made if need be, in any thread. NULL if there is no memory for it at all. */
struct shared *shared_get(void);

/*
 * Around fork. Memory that cannot be shared, for want of something in the kernel, is the process's
 * own: a child then starts without failures, and the log is told.
 */
void shared_before_fork(void);
void shared_after_fork_in_child(void);

#endif
