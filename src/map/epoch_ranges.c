/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/epoch_ranges.h"

#include <string.h>

/* Replace list[first, end) by `count` new entries. The caller has made sure that they fit. */
static void replace(struct epoch_ranges *set, unsigned first, unsigned end,
	const struct epoch_range *with, unsigned count)
{
	memmove(&set->list[first + count], &set->list[end],
		(set->count - end) * sizeof(set->list[0]));
	if (count)
		memcpy(&set->list[first], with, count * sizeof(set->list[0]));
	set->count = set->count - (end - first) + count;
}

static void forget_oldest(struct epoch_ranges *set)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < set->count; i++)
		if (set->list[i].epoch < set->list[oldest].epoch)
			oldest = i;
	replace(set, oldest, oldest + 1, NULL, 0);
}

/* True if `high` begins where `low` ends and both have the same file and epoch. */
static bool continues(const struct epoch_range *low, const struct epoch_range *high)
{
	return low->range.to == high->range.from && low->epoch == high->epoch &&
	       file_id_equals(low->file, high->file);
}

static void join_at(struct epoch_ranges *set, unsigned index)
{
	if (index && index < set->count && continues(&set->list[index - 1], &set->list[index])) {
		set->list[index - 1].range.to = set->list[index].range.to;
		replace(set, index, index + 1, NULL, 0);
	}
}

/* The index of the first range that ends after this address. */
static unsigned first_after(const struct epoch_ranges *set, uintptr_t address)
{
	unsigned i = 0;

	while (i < set->count && set->list[i].range.to <= address)
		i++;
	return i;
}

/*
 * Replace what the set has at these addresses by the range `middle`, or by nothing if that is
 * NULL. Returns the index where `middle` is.
 */
static unsigned put(struct epoch_ranges *set, struct range range, const struct epoch_range *middle)
{
	struct epoch_range new[3];
	unsigned count = 0;

	while (set->count + 2 > EPOCH_RANGES_MAX)
		forget_oldest(set);
	unsigned first = first_after(set, range.from), end = first;
	while (end < set->count && set->list[end].range.from < range.to)
		end++;
	if (end > first && set->list[first].range.from < range.from) {
		new[count] = set->list[first];
		new[count++].range.to = range.from;
	}
	unsigned index = first + count;
	if (middle)
		new[count++] = *middle;
	if (end > first && set->list[end - 1].range.to > range.to) {
		new[count] = set->list[end - 1];
		new[count++].range.from = range.to;
	}
	replace(set, first, end, new, count);
	return index;
}

void epoch_ranges_add(
	struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch)
{
	unsigned index = put(set, range, &(struct epoch_range){range, file, epoch});

	join_at(set, index + 1);
	join_at(set, index);
}

void epoch_ranges_remove(struct epoch_ranges *set, struct range range)
{
	put(set, range, NULL);
}

bool epoch_ranges_cover(
	const struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch)
{
	uintptr_t covered = range.from;

	for (unsigned i = first_after(set, range.from); covered < range.to; i++) {
		if (i == set->count)
			return false;
		const struct epoch_range *known = &set->list[i];
		if (known->range.from > covered || known->epoch < epoch ||
			!file_id_equals(known->file, file))
			return false;
		covered = known->range.to;
	}
	return true;
}

void epoch_ranges_clear(struct epoch_ranges *set)
{
	set->count = 0;
}
