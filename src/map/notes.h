/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notes.h - the ranges that each thread has flushed but not drained yet
 *
 * A thread adds notes to its own set and takes them out. A thread that closes a map or exits the
 * process copies a note of another thread, writes it back, and only then removes it: as long as a
 * range may not be durable, the thread that noted it still has the note, and drains it.
 *
 * Locks, in this order: the list of threads; the notes of one thread. They are held for a look-up
 * or a change, never while anything is written back.
 */
#ifndef MAP_NOTES_H
#define MAP_NOTES_H

#include "base/tally.h"
#include "map/ranges.h"

struct note {
	struct range pages;
	/* failures up to this epoch are older than the stores (file_sync.h); 0: use the map's */
	uint64_t since;
	/*
	 * Set by notes_find(): `of` points to the notes of the thread that has this note; `added`
	 * is the number of notes that it had added until then.
	 */
	const void *of;
	uint64_t added;
};

/* Call once, when the library is loaded. A thread that exits calls `drain` first. 0 or -ENOMEM. */
int notes_init(void (*drain)(void));

/* Threads that exit from now on do not call `drain`. */
void notes_fini(void);

/* From now on, refuse to note ranges for a later drain, because nobody would drain them. */
void notes_stop(void);

/*
 * Remember a range for this thread's next drain. False if there is no room, or if the thread or
 * process is already past the point of its exit where its noted ranges are drained.
 */
bool notes_add(struct note note);

/*
 * True if this thread has noted no range for a later drain, which means that all it ever noted is
 * durable. Takes one load.
 */
bool notes_none(void);

/*
 * Get the range with the lowest address that this thread has noted for its next drain, without
 * removing it. False if the thread has noted no range.
 */
bool notes_first(struct note *note);

/*
 * Remove what lies below an address from the ranges that this thread has noted for its next drain.
 * False if the thread has nothing to remove there.
 */
bool notes_cut(uintptr_t to);

/*
 * notes_count() counts the notes (ranges that a thread has flushed but not drained) of all threads
 * that have a byte in a range. notes_find() gets the note among them that begins at the lowest
 * address.
 */
unsigned notes_count(struct range within);
bool notes_find(struct range within, struct note *note);

/*
 * Remove a note (a range that a thread has flushed but not drained) that notes_find() has found.
 * False if this thread has noted another range since then: some of its stores to the pages may not
 * have been written back.
 */
bool notes_forget(const struct note *note);

/*
 * Mark that this thread begins (true) or ends (false) to write back all that it has noted. If a
 * signal handler forks in between, the child continues with the drain. Returns the previous mark.
 */
bool notes_set_draining(bool draining);

/*
 * Count for this thread what it does (tally.h). notes_count_time() counts a drain that took this
 * many ns. A thread that has no notes, and therefore is not on the list, shares a tally with
 * others.
 */
void notes_count_event(enum tally_kind kind, uint64_t number);
void notes_count_drain(uint64_t ns);

/* Add up the counters of all threads, also of those that have ended. A child starts with zeros. */
void notes_sum(uint64_t sums[TALLY_KINDS]);

/*
 * Call these functions before and after fork(2). The child has no noted ranges, unless a signal
 * handler forked while the thread was changing or draining them.
 */
void notes_before_fork(void);
void notes_after_fork_in_parent(void);
void notes_after_fork_in_child(void);

#endif
