/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chain.h - pending stores to a unit, of which each is one record and a group of its own
 *
 * This is how most programs store most of their data. A chain takes 16 bytes for any number of
 * stores. The store before another one in the same chain is found by a link. There is room for one
 * link for each slot of the trace, in an array (struct links) whose older part lies in a file: so
 * the memory that is needed does not depend on the number of stores.
 */
#ifndef CRASH_CHAIN_H
#define CRASH_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/spill.h"

#define CHAIN_MAX 1024u /* maximum number of stores in a chain */

struct chain {
	uint32_t first, last; /* indexes of the events of the oldest store and of the newest one */
	uint32_t group;       /* number of the newest store's group; others count down from there */
	uint16_t count;       /* number of stores */
	uint16_t flushed;     /* number of stores, from the oldest on, that were flushed */
};

/* Links are set in the order of the trace. A zeroed struct has no links. */
struct links {
	/* for each slot: the slot of the previous store in the same chain; 0: the slot before */
	uint32_t *previous;
	uint64_t slots; /* number of elements of `previous` */
	uint64_t count; /* number of links */
	uint64_t from;  /* links of older slots were forgotten; 0: there are no links */
	uint64_t to;    /* number of the slot behind the last one that has a link */
	struct spill spill;
	bool is_off; /* no chains are made: for tests */
};

/*
 * Forget all links, if this gives memory back. Call it when there are no chains.
 */
void links_forget(struct links *links);
void links_fini(struct links *links);

/* Returns the number of the group of store number `i`; the oldest store has number 0. */
static inline uint32_t chain_group(const struct chain *chain, uint32_t i)
{
	return chain->group - (chain->count - 1u - i);
}

/* Returns the chain of one store. */
struct chain chain_of(uint32_t event, uint32_t group);
/* Can a store of this group be added to the chain? */
bool chain_fits(const struct chain *chain, uint32_t group);
/*
 * Add a store that fits. The trace has `slots` slots in all. Returns false if there is no memory.
 */
bool chain_add(struct chain *chain, struct links *links, uint64_t slots, uint32_t event);
/*
 * Remove the `count` oldest stores, but not all of them. `first` is the event of the oldest store
 * that stays.
 */
void chain_forget(struct chain *chain, uint32_t count, uint32_t first);

/* Copy the indexes of the events of all stores, the oldest first, to events[0] and so on. */
void chain_events(const struct chain *chain, const struct links *links, uint32_t *events);
/* Returns how many stores of the chain are older than event `at`. */
uint32_t chain_before(const struct chain *chain, const struct links *links, uint64_t at);
/*
 * Returns the index, plus 1, of the event of the newest store that is older than event `at`; 0 if
 * all stores are newer.
 */
uint64_t chain_newest(const struct chain *chain, const struct links *links, uint64_t at);

#endif
