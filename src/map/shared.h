/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shared.h - the memory that this process shares with the processes forked from it
 *
 * A child shares the open file descriptions of its parent's maps, so an error that the kernel
 * reports to one of the two concerns both.
 *
 * The memory is made before the first write-back or the first fork, whichever comes first; a
 * program that does neither pays nothing. As long as it does not exist, nothing was ever written
 * back, so nothing has failed. A process that forks before it maps anything needs it as well: it
 * may pass an open descriptor to a child, and both may map that. A process made by clone(2)
 * directly, not by fork(3), has its own memory unless something was written back before.
 */
#ifndef MAP_SHARED_H
#define MAP_SHARED_H

#include <stdatomic.h>

#include "map/failed_files.h"
#include "map/flights.h"

struct shared {
	struct flights flights;
	struct failed_files failed;
	bool is_private; /* never changes; true: a child gets its own copy */
};

extern _Atomic(struct shared *) shared_memory;

/* The memory; NULL as long as nothing was ever written back. Takes one load. */
static inline struct shared *shared_if_made(void)
{
	return atomic_load_explicit(&shared_memory, memory_order_acquire);
}

/* Makes the memory if necessary; any thread may call it. NULL if there is not enough memory. */
struct shared *shared_get(void);

/*
 * Call these before and after fork. If the kernel cannot share memory, this process gets private
 * memory instead: a child then starts without knowing of earlier failures, and a warning goes to
 * the log.
 */
void shared_before_fork(void);
void shared_after_fork_in_child(void);

#endif
