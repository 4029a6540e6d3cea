/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback.h - PAGE granularity: stores become durable when the kernel has written their pages
 *
 * A flush only notes the range; a drain makes all that the calling thread noted durable with as
 * few msync(2) as make sense. Neighbouring ranges share one; the pages between them may then be
 * written too, if somebody else has made them dirty.
 *
 * What is noted is written back by its thread's next drain, or else when the thread exits, when
 * the map is closed (by any thread) or when the process exits, whichever comes first. A forked
 * child starts with nothing noted.
 *
 * A write-back that fails ends the process with a sentence, or is told to the program's handler
 * (writeback_failure.h): the callers return nothing, and to return would be to claim that all is
 * durable.
 *
 * No lock is held while anything is written back or reported; a map is pinned in the registry
 * while it is written back.
 */
#ifndef MAP_WRITEBACK_H
#define MAP_WRITEBACK_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

/* Once, when the library is loaded. Returns 0 or -ENOMEM. */
int writeback_init(void);

/* The flush and the drain of a PAGE map; what lies in no live map is ignored. */
void writeback_note(const void *addr, size_t len);
void writeback_drain(void);

/*
 * The flush of a range that the library itself stores to: failures from before the copy began do
 * not concern it (W7).
 */
uint64_t writeback_copy_begins(void);
void writeback_note_copy(const void *addr, size_t len, uint64_t begun);

/*
 * The program knows of all failures that concern a range of live maps. PMEM2_E_MAPPING_NOT_FOUND,
 * with a sentence, if no live map has any of it.
 */
int writeback_accept(const void *addr, size_t len);

/* Make durable what any thread has noted in this live map. */
void writeback_map(const struct map *map);

#endif
