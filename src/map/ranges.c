/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/ranges.h"

#include <string.h>

/* A range is near if it has a byte in the surroundings. */
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

/* Put a range in the place of a part, which may be empty. There is room. */
static void replace(struct ranges *ranges, struct ranges_part part, struct range new)
{
	memmove(&ranges->at[part.first + 1], &ranges->at[part.end],
		(ranges->count - part.end) * sizeof(new));
	ranges->at[part.first] = new;
	ranges->count = ranges->count - (part.end - part.first) + 1;
}

bool ranges_add(struct ranges *ranges, struct range new)
{
	struct ranges_part near = ranges_within(ranges, surroundings(new));

	if (near.first < near.end) {
		if (ranges->at[near.first].from < new.from)
			new.from = ranges->at[near.first].from;
		if (ranges->at[near.end - 1].to > new.to)
			new.to = ranges->at[near.end - 1].to;
	} else if (ranges->count == RANGES_MAX) {
		return false;
	}
	replace(ranges, near, new);
	return true;
}

void ranges_remove(struct ranges *ranges, struct ranges_part part)
{
	memmove(&ranges->at[part.first], &ranges->at[part.end],
		(ranges->count - part.end) * sizeof(struct range));
	ranges->count -= part.end - part.first;
}
