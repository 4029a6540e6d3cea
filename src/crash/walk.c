/* SPDX-License-Identifier: BSD-3-Clause */
/* walk.c - find the pending stores of chains while reading the trace in its order */
#include "crash/walk.h"

#include <stdlib.h>

#include "crash/pending.h"

bool walk_may_help(const struct history *history, uint64_t units)
{
	uint64_t least = history->many;

	return units >= least && history->count >= least && history->links.count >= least;
}

bool walk_init(struct walk *walk, const struct history *history)
{
	*walk = (struct walk){.history = history,
		.limits = calloc(history->count + 1u, sizeof(*walk->limits)),
		.oldest = UINT64_MAX};
	return walk->limits;
}

void walk_fini(struct walk *walk)
{
	free(walk->limits);
	*walk = (struct walk){0};
}

void walk_raise(struct walk *walk, uint32_t index, uint32_t limit)
{
	const struct chain *chain = &walk->history->pending[index].chain;

	if (limit <= walk->limits[index])
		return;
	walk->units += walk->limits[index] == WALK_NONE;
	walk->limits[index] = limit;
	if (chain->first < walk->oldest)
		walk->oldest = chain->first;
}

bool walk_helps(const struct walk *walk)
{
	return walk->units && walk->units >= walk->history->many;
}

/* The unit of the previous store, which is often the unit of the next one. */
struct found {
	uint64_t number;
	const uint32_t *index;
};

/*
 * Returns the index of the unit to which this event has stored. Returns NULL if it is not a pending
 * store of a chain, or is of a unit outside of [first, end).
 */
static const uint32_t *find(const struct history *history, const struct event *event,
	uint64_t first, uint64_t end, struct found *found)
{
	uint64_t at = trace_index(history->trace, event);

	if ((event->kind != EVENT_STORE && event->kind != EVENT_ATOMIC) || !event->length)
		return NULL;
	uint64_t number = pending_number(history, event->place);
	if (number < first || number >= end)
		return NULL;
	if (number != found->number)
		*found = (struct found){number, sheet_find(&history->units, number)};
	if (!found->index)
		return NULL;
	const struct packed *unit = &history->pending[*found->index];
	if (!packed_is_chain(unit) || at < unit->chain.first || at > unit->chain.last ||
		unseen_drops(history->unseen, at, event->place / EVENT_LINE))
		return NULL;
	return found->index;
}

/* Is the unit's next store, of the event with this index, within the limit? Counts it if so. */
static bool is_within(uint32_t *limit, uint64_t at)
{
	if (!(*limit & WALK_COUNT))
		return at < *limit;
	return *limit != WALK_COUNT && (*limit)--;
}

int walk_go(struct walk *walk, uint64_t first, uint64_t end, walk_store *each, void *context)
{
	const struct history *history = walk->history;
	const struct trace *trace = history->trace;
	struct found found = {.number = UINT64_MAX};
	int result = 0;

	trace_begin(trace, walk->oldest);
	for (uint64_t at = walk->oldest, next; at <= history->last_store && !result; at = next) {
		const struct event *event = trace->slots + at;
		next = at + event_slots(event);
		trace_pass(trace, at, next);
		const uint32_t *index = find(history, event, first, end, &found);
		if (index && walk->limits[*index])
			result = each(context, *index, (uint32_t)at,
				is_within(&walk->limits[*index], at));
	}
	return result;
}
