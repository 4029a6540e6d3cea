/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback.h - PAGE granularity: stores become durable when the kernel has written their pages
 *
 * A flush only *notes* the range; a drain makes all that the calling thread noted durable with few
 * calls of msync(2). Tests, mutants and comments cite these invariants by their numbers:
 *
 * N1	A range is noted as the whole pages that it touches. Noted ranges at most RANGES_GAP apart
 *	are joined: the pages between them are written back, too. No other page is.
 * N2	To note a range writes nothing back, with two exceptions. If the thread has RANGES_MAX
 *	ranges far apart already, all of these are written back at once, without a drain. If the
 *	thread, or the process, is past the point of its exit at which it drains its notes, the
 *	range itself is written back at once.
 * N3	When a drain returns, all that its thread had noted is durable, or its failure reported,
 *	even if another thread is writing some of it back. A drain does not write back the ranges
 *	that other threads have noted.
 * N4	A note is written back by its thread's next drain, or when the thread exits, when the map is
 *	closed (by any thread) or at exit(3), whichever comes first. A thread removes its own notes
 *	before it writes them back; another thread removes a note only after it has written it
 *	back. Only a process that ends in another way leaves notes to the kernel.
 * N5	Only pages of live maps are written back, and no such map is closed meanwhile. A noted range
 *	that lies in no live map is dropped: something else may be mapped there by now.
 * N6	A store made before its range was noted is written back with it, also a streaming store:
 *	pages_sync() drains the streaming stores of the thread that writes back; those of another
 *	thread left its CPU's buffers when it released the lock of its notes.
 * N7	A range that cannot be written back is removed from the notes all the same. Its failure is
 *	reported with no lock held and no map pinned; ranges not tried yet are still noted then.
 * N8	A forked child starts with nothing noted and with no lock held, whatever the threads of its
 *	parent were doing; the parent's notes are unchanged. A child that a signal handler forks
 *	continues what its thread was doing when it was interrupted: it keeps the thread's notes if
 *	these were being changed, drained or persisted, and the thread's pin.
 *
 * A write-back that fails ends the process with a message, or is reported to the program's handler
 * (writeback_failure.h): the functions have no return value, and to return normally would be to
 * claim that all is durable.
 *
 * No lock is held while anything is written back or reported; a map is pinned in the registry
 * while it is written back.
 */
#ifndef MAP_WRITEBACK_H
#define MAP_WRITEBACK_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

/* Call once, when the library is loaded. Returns 0 or -ENOMEM. */
int writeback_init(void);

/*
 * The functions that flush, drain and persist ranges of a map with PAGE granularity. They do not
 * change errno.
 */
void writeback_note(const void *addr, size_t len);
void writeback_drain(void);
void writeback_persist(const void *addr, size_t len);

/*
 * Flush or persist a range to which the library itself has copied bytes. Call
 * writeback_copy_begins() before the copy and pass its result as `begun`: failures before that do
 * not count for the copied bytes (W7 of writeback_failure.h).
 */
uint64_t writeback_copy_begins(void);
void writeback_note_copy(const void *addr, size_t len, uint64_t begun);
void writeback_persist_copy(const void *addr, size_t len, uint64_t begun);

/*
 * Record that the program knows of all failures that concern a range of live maps.
 * PMEM2_E_MAPPING_NOT_FOUND, with an error message, if no live map has any of the range.
 */
int writeback_accept(const void *addr, size_t len);

/* Write back the ranges of this live map that any thread has flushed but not drained (N4). */
void writeback_map(const struct map *map);

#endif
