/* SPDX-License-Identifier: BSD-3-Clause */
/* chain.c - find the stores of a chain by links, each of which leads to the previous store */
#include "crash/chain.h"

#include <stddef.h>
#include <sys/mman.h>

#include "base/unmap.h"

/* ---- links */

static void *map(void *where, uint64_t slots)
{
	void *mapped = mmap(where, slots * sizeof(uint32_t), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (where ? MAP_FIXED : 0), -1, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

/* Moves links that are final to the file: those of all slots before `slot`. */
static void spill(struct links *links, uint64_t slot)
{
	uint64_t size;

	do {
		size = links->spill.size;
		spill_older(&links->spill, links->previous, slot * sizeof(*links->previous));
	} while (links->spill.size != size);
}

/* Links `event` to the store before it. Returns false if there is no memory. */
static bool set(struct links *links, uint64_t slots, uint32_t event, uint32_t previous)
{
	if (!links->previous) {
		links->previous = map(NULL, slots);
		links->slots = slots;
	}
	if (!links->previous || event >= links->slots)
		return false;
	if (!links->from) {
		uint64_t size = event * sizeof(*links->previous);
		links->spill.size = size - size % SPILL_PIECE;
		links->spill.behind = 1;
		links->from = event;
	}
	links->previous[event] = previous;
	links->to = event + 1;
	links->count++;
	spill(links, event);
	return true;
}

void links_forget(struct links *links)
{
	if ((links->to - links->from) * sizeof(*links->previous) < SPILL_PIECE)
		return;
	/* if no new memory can be mapped, the old links stay, which does no harm */
	if (!map(links->previous, links->slots))
		return;
	spill_fini(&links->spill);
	links->from = links->to = links->count = 0;
}

void links_fini(struct links *links)
{
	unmap(links->previous, links->slots * sizeof(*links->previous));
	spill_fini(&links->spill);
	*links = (struct links){0};
}

/* ---- chains */

struct chain chain_of(uint32_t event, uint32_t group)
{
	return (struct chain){.first = event, .last = event, .group = group, .count = 1};
}

bool chain_fits(const struct chain *chain, uint32_t group)
{
	return group == chain->group + 1 && chain->count < CHAIN_MAX;
}

bool chain_add(struct chain *chain, struct links *links, uint64_t slots, uint32_t event)
{
	if (chain->last != event - 1 && !set(links, slots, event, chain->last))
		return false;
	chain->last = event;
	chain->group++;
	chain->count++;
	return true;
}

void chain_forget(struct chain *chain, uint32_t count, uint32_t first)
{
	chain->first = first;
	chain->flushed = (uint16_t)(chain->flushed > count ? chain->flushed - count : 0);
	chain->count = (uint16_t)(chain->count - count);
}

/* Returns the event of the store before that of `event`, which is not the first one. */
static uint32_t previous(const struct links *links, uint32_t event)
{
	uint32_t linked = links->previous ? links->previous[event] : 0;

	return linked ? linked : event - 1;
}

void chain_events(const struct chain *chain, const struct links *links, uint32_t *events)
{
	uint32_t event = chain->last;

	for (uint32_t i = chain->count; i-- > 0;) {
		events[i] = event;
		if (i)
			event = previous(links, event);
	}
}

/*
 * Returns the event of the newest store that is older than event `at`, and sets *count to the
 * number of all older ones. There must be one.
 */
static uint32_t newest_before(
	const struct chain *chain, const struct links *links, uint64_t at, uint32_t *count)
{
	uint32_t event = chain->last;

	for (*count = chain->count; event >= at; --*count)
		event = previous(links, event);
	return event;
}

uint32_t chain_before(const struct chain *chain, const struct links *links, uint64_t at)
{
	uint32_t count = 0;

	if (chain->first < at)
		newest_before(chain, links, at, &count);
	return count;
}

uint64_t chain_newest(const struct chain *chain, const struct links *links, uint64_t at)
{
	uint32_t count;

	return chain->first < at ? (uint64_t)newest_before(chain, links, at, &count) + 1 : 0;
}
