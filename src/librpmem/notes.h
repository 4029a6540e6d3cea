/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notes.h - the ranges of a pool that the target may lack, so that they can be sent again
 *
 * Each lane notes the ranges that were flushed on it since its last successful drain. Ranges that
 * no drain can confirm any more are noted in a map of the pool, with a bit for each page of 4 KiB.
 * A transport knows nothing of this. These invariants, cited by number, hold for every pool:
 *
 * N1	A range is noted before its first byte is sent.
 * N2	A lane's ranges are dropped by a drain of this lane that returned 0, and by nothing else:
 *	they are durable at the target.
 * N3	Between two successful drains of a lane, the set of its noted bytes only grows. When a
 *	lane's list is full, ranges are joined with their neighbours, and the bytes between them
 *	are noted, too.
 * N4	When a drain or a read fails while the connection lives, the target may have lost anything
 *	that this lane has flushed since its previous successful drain: these ranges move to the
 *	map, where no later drain drops them.
 * N5	A call that fails because the handle has ended notes its range in the map. The map was made
 *	when the pool was opened, and cannot overflow.
 * N6	Only a catch-up, in which a reconnect sends what the target may lack, takes bits out of the
 *	map; if it fails, all of them are put back.
 * N7	A lane's list is written by the thread that is in a call on the lane. Other threads read it
 *	after they have seen that no call is in progress.
 * N8	No call allocates memory or writes to a line that another lane uses, unless the handle has
 *	ended or the target has failed.
 * N9	The program's memory is what is sent: a note has no bytes, only their place.
 */
#ifndef LIBRPMEM_NOTES_H
#define LIBRPMEM_NOTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define NOTES_RANGES 64
#define NOTES_PAGE   ((size_t)4096)

#define NOTES_NO_LANE ((unsigned)-1) /* instead of a lane's number, for calls that use no lane */

struct notes_range {
	size_t from, to; /* offsets in the pool; the range is not empty */
};

struct notes_lane {
	_Alignas(128) atomic_uint calls; /* 1 while a call on the lane is in progress */
	unsigned count;
	struct notes_range at[NOTES_RANGES];
};

struct notes {
	size_t guard, size; /* ranges from `guard` to `size` can be noted */
	unsigned nlanes;
	struct notes_lane *lanes;
	atomic_ulong *map;
	size_t words;       /* of the map */
	atomic_uint others; /* calls in progress that use no lane */
};

/*
 * Initialize the notes of a pool of `size` bytes, of which those below `guard` are never noted.
 * Returns 0 or -ENOMEM.
 */
int notes_init(struct notes *notes, size_t guard, size_t size, unsigned nlanes);
void notes_fini(struct notes *notes);

/* -- calls of a lane's thread -- */

/*
 * notes_enter() registers a call on a lane when the call begins, and notes_leave() when it ends.
 * The lane may be one that does not exist. The store in notes_enter() is sequentially consistent:
 * if the call then finds that the handle is usable, notes_calls() in another thread counts the
 * call.
 */
static inline void notes_enter(struct notes *notes, unsigned lane)
{
	if (likely(lane < notes->nlanes))
		atomic_store(&notes->lanes[lane].calls, 1);
	else
		atomic_fetch_add(&notes->others, 1);
}

static inline void notes_leave(struct notes *notes, unsigned lane)
{
	if (likely(lane < notes->nlanes))
		atomic_store_explicit(&notes->lanes[lane].calls, 0, memory_order_release);
	else
		atomic_fetch_sub(&notes->others, 1);
}

/* True if a range is not empty and can be flushed. */
static inline bool notes_fits(const struct notes *notes, size_t offset, size_t length)
{
	return length && offset >= notes->guard && offset < notes->size &&
	       length <= notes->size - offset;
}

/* Make room in a lane's list of ranges, which is full, by joining ranges. */
void notes_join(struct notes_lane *lane);

/*
 * Remember, in the lane's list, a range that is about to be sent: the target may lack it until a
 * drain returns 0. A range that cannot be flushed is ignored.
 */
static inline void notes_add(struct notes *notes, unsigned number, size_t offset, size_t length)
{
	if (unlikely(number >= notes->nlanes || !notes_fits(notes, offset, length)))
		return;
	struct notes_lane *lane = &notes->lanes[number];
	if (unlikely(lane->count == NOTES_RANGES))
		notes_join(lane);
	lane->at[lane->count++] = (struct notes_range){offset, offset + length};
}

/*
 * Empty the lane's list of ranges that the target may lack. Call this when a drain of the lane has
 * returned 0.
 */
static inline void notes_drained(struct notes *notes, unsigned lane)
{
	if (likely(lane < notes->nlanes))
		notes->lanes[lane].count = 0;
}

/*
 * A drain or a read of the lane has failed: move the lane's ranges to the map of pages that the
 * target may lack, since they may be lost (N4).
 */
void notes_lost(struct notes *notes, unsigned lane);

/*
 * Add a range that was not sent, because the handle had ended, to the map of pages that the target
 * may lack (N5). Any thread may call this.
 */
void notes_missed(struct notes *notes, size_t offset, size_t length);

/* -- functions for a catch-up: a reconnect sends the ranges that the target may lack -- */

/* The number of calls that are in progress on the pool, in all threads. */
unsigned notes_calls(const struct notes *notes);

/*
 * Move the ranges of all lanes to the map of pages that the target may lack. No call may be in
 * progress.
 */
void notes_unite(struct notes *notes);

/*
 * Clear the map of pages that the target may lack. Returns a copy of the map as it was, and sets
 * *bytes to the number of bytes that the copy stands for. Returns NULL if there is no memory for
 * the copy: the map is then unchanged.
 */
unsigned long *notes_take(struct notes *notes, uint64_t *bytes);

/*
 * Sending the pages of a copy has failed: set their bits in the map of pages that the target may
 * lack once more.
 */
void notes_put_back(struct notes *notes, const unsigned long *taken);

/*
 * Find the next bytes to send again in a copy of the map, from *offset on: at most `most` bytes, a
 * multiple of NOTES_PAGE. Returns their number and sets *offset, or returns 0 if there are no more.
 */
size_t notes_next(
	const struct notes *notes, const unsigned long *taken, size_t *offset, size_t most);

#endif
