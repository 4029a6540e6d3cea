/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/ranges.h"

#include <string.h>

/*
 * The range, extended by RANGES_GAP on both sides: all ranges with a byte in the result are near
 * enough to be joined.
 */
static struct range surroundings(struct range of)
{
	const size_t reach = RANGES_GAP + 1;

	return (struct range){
		.from = of.from < reach ? 0 : of.from - reach,
		.to = of.to > UINTPTR_MAX - reach ? UINTPTR_MAX : of.to + reach,
	};
}

struct ranges_part ranges_within(const struct ranges *ranges, struct range within)
{
	struct ranges_part part = {0};

	while (part.first < ranges->count && ranges->at[part.first].to <= within.from)
		part.first++;
	part.end = part.first;
	while (part.end < ranges->count && ranges->at[part.end].from < within.to)
		part.end++;
	return part;
}

/* Move the ranges from index `from` to the end of the list, so that they begin at index `to`. */
static void move_tail(struct ranges *ranges, unsigned from, unsigned to)
{
	unsigned count = ranges->count - from;

	memmove(&ranges->at[to], &ranges->at[from], count * sizeof(ranges->at[0]));
	memmove(&ranges->since[to], &ranges->since[from], count * sizeof(ranges->since[0]));
}

/*
 * Replace the ranges of a part of the set by one range. If the part has no ranges, insert the range
 * there; the caller has made sure that the set has room for it.
 */
static void replace(
	struct ranges *ranges, struct ranges_part part, struct range new, uint64_t since)
{
	move_tail(ranges, part.end, part.first + 1);
	ranges->at[part.first] = new;
	ranges->since[part.first] = since;
	ranges->count = ranges->count - (part.end - part.first) + 1;
}

static uint64_t lowest_since(const struct ranges *ranges, struct ranges_part part, uint64_t since)
{
	for (unsigned i = part.first; i < part.end; i++)
		if (ranges->since[i] < since)
			since = ranges->since[i];
	return since;
}

bool ranges_add(struct ranges *ranges, struct range new, uint64_t since)
{
	struct ranges_part near = ranges_within(ranges, surroundings(new));

	if (near.first < near.end) {
		if (ranges->at[near.first].from < new.from)
			new.from = ranges->at[near.first].from;
		if (ranges->at[near.end - 1].to > new.to)
			new.to = ranges->at[near.end - 1].to;
		since = lowest_since(ranges, near, since);
	} else if (ranges->count == RANGES_MAX) {
		return false;
	}
	replace(ranges, near, new, since);
	return true;
}

void ranges_remove(struct ranges *ranges, struct ranges_part part)
{
	move_tail(ranges, part.end, part.first);
	ranges->count -= part.end - part.first;
}

void ranges_join_all(struct ranges *ranges)
{
	if (ranges->count < 2)
		return;
	struct range all = {ranges->at[0].from, ranges->at[ranges->count - 1].to};
	struct ranges_part every = {0, ranges->count};
	replace(ranges, every, all, lowest_since(ranges, every, UINT64_MAX));
}
