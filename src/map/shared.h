/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shared.h - the memory that this process shares with the processes forked from it
 *
 * They share the open file descriptions of its maps, so an error that the kernel reports to one of
 * them is news for all. The library makes this memory when it is loaded, before any fork.
 */
#ifndef MAP_SHARED_H
#define MAP_SHARED_H

#include "map/failed_files.h"
#include "map/flights.h"

struct shared {
	struct flights flights;
	struct failed_files failed;
};

extern struct shared *shared;

/* Once, before any other call here. Without memory to share, children have a table of their own. */
void shared_init(void);

/* A table that is not shared was copied with the locks of threads that the child does not have. */
void shared_after_fork_in_child(void);

#endif
