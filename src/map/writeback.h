/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback.h - PAGE granularity: stores become durable when the kernel has written their pages
 *
 * A flush only notes the range; a drain makes all that the calling thread noted durable with as
 * few msync(2) as make sense. Tests, mutants and comments cite these invariants by their numbers:
 *
 * N1	A range is noted as the whole pages that it touches. Noted ranges at most RANGES_GAP apart
 *	are joined: what lies between is written back with them. No other page is.
 * N2	Noting writes nothing back, unless its thread has RANGES_MAX ranges far apart already: then
 *	all of these are written back at once, without a drain; or unless the thread, or the
 *	process, is past the moment in its exit at which it drains.
 * N3	When a drain returns, all that its thread had noted is durable, or its failure reported,
 *	even if another thread is writing some of it back. Ranges of other threads are not.
 * N4	A note is written back by its thread's next drain, or when the thread exits, when the map is
 *	closed (by any thread) or at exit(3), whichever comes first. A thread takes its own notes
 *	out first; another thread has a note forgotten only after it has written that back. Only a
 *	process that ends in another way leaves notes to the kernel.
 * N5	Only pages of live maps are written back, and no such map is closed meanwhile. What is noted
 *	and lies in no live map is dropped: something else may be mapped there by now.
 * N6	What was stored before it was noted is written back with it, streaming stores included:
 *	pages_sync() drains those of the thread that writes back; those of another one have left
 *	its CPU's buffers when it has released the lock of its notes.
 * N7	A range that cannot be written back leaves the notes all the same. Its failure is reported
 *	with no lock held and no map pinned; ranges that were not tried yet are still noted then.
 * N8	A forked child starts with nothing noted and with no lock held, whatever the threads of its
 *	parent were doing; the parent's notes are as before. A child that a signal handler forks
 *	goes on with what was interrupted: with the notes of its thread if these were being
 *	changed, drained or persisted, and with its thread's pin.
 *
 * A write-back that fails ends the process with a message, or is reported to the program's handler
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

/* The flush, the drain and the persist of a PAGE map. All leave errno alone. */
void writeback_note(const void *addr, size_t len);
void writeback_drain(void);
void writeback_persist(const void *addr, size_t len);

/*
 * The flush and the persist of a range that the library itself stores to: failures from before the
 * copy began do not concern it (W7).
 */
uint64_t writeback_copy_begins(void);
void writeback_note_copy(const void *addr, size_t len, uint64_t begun);
void writeback_persist_copy(const void *addr, size_t len, uint64_t begun);

/*
 * The program knows of all failures that concern a range of live maps. PMEM2_E_MAPPING_NOT_FOUND,
 * with a sentence, if no live map has any of it.
 */
int writeback_accept(const void *addr, size_t len);

/* Write back what any thread has noted in this live map (N4). */
void writeback_map(const struct map *map);

#endif
