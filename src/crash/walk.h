/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.h - go through the pending stores of very many chains (chain.h) in the order of the trace
 *
 * Units are in the order of their first store. If a program stores to many units in another order,
 * then going from unit to unit reads the trace in no order, and all of a long trace comes into
 * memory. A walk reads it once, from the oldest pending store to the newest one, and releases the
 * memory of what it has read.
 */
#ifndef CRASH_WALK_H
#define CRASH_WALK_H

#include "crash/history.h"

/*
 * A limit says which stores of a unit are within it: those before the event with this index, or if
 * WALK_COUNT is added, this many of the oldest ones.
 */
#define WALK_COUNT 0x80000000u
#define WALK_NONE  0u
#define WALK_ALL   0x7fffffffu

struct walk {
	const struct history *history;
	uint32_t *limits; /* for each pending unit; WALK_NONE at first */
	uint32_t units;   /* number of units with another limit */
	uint64_t oldest;  /* index of the event of the oldest store to these units */
};

/* May a walk be worthwhile? `units`: the maximum number of units that would get a limit. */
bool walk_may_help(const struct history *history, uint64_t units);
/* Returns false if there is no memory; else end the walk with walk_fini(). */
bool walk_init(struct walk *walk, const struct history *history);
void walk_fini(struct walk *walk);
/* Raise the limit of a unit, which must be a chain. */
void walk_raise(struct walk *walk, uint32_t index, uint32_t limit);
/* Are there so many units with a limit that a walk is worthwhile? */
bool walk_helps(const struct walk *walk);

/*
 * A function that is called with the number of a store's event, and the index of its unit. It must
 * not add or remove units. A value other than 0 ends the walk.
 */
typedef int walk_store(void *context, uint32_t index, uint32_t event, bool is_within);

/*
 * Call `each` for the stores to the units with numbers from `first` on, up to `end` - 1, that are
 * chains and have a limit: for stores within the limit, and for others. Returns 0, or the value
 * that ended the walk. Reduces limits of type WALK_COUNT.
 */
int walk_go(struct walk *walk, uint64_t first, uint64_t end, walk_store *each, void *context);

#endif
