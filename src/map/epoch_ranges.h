/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoch_ranges.h - a set of address ranges that map files, each with an epoch: the latest failed
 * write-back of the range that the program knows of (W7 and W9 of writeback_failure.h)
 *
 * The set is bounded: when it is full, the range with the oldest epoch is forgotten. It has no
 * lock; the caller provides one.
 */
#ifndef MAP_EPOCH_RANGES_H
#define MAP_EPOCH_RANGES_H

#include "map/file_id.h"
#include "map/ranges.h"

#define EPOCH_RANGES_MAX 64

struct epoch_ranges {
	unsigned count;
	struct epoch_range {
		struct range range;
		struct file_id file;
		uint64_t epoch;
	} list[EPOCH_RANGES_MAX]; /* sorted by address, without overlaps */
};

/*
 * Add a range with its epoch. It replaces ranges, or parts of them, that the set had at these
 * addresses.
 */
void epoch_ranges_add(
	struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch);

/* Remove the addresses of a range from the set. */
void epoch_ranges_remove(struct epoch_ranges *set, struct range range);

/* True if the set has all of the range, for this file and with this epoch or a later one. */
bool epoch_ranges_cover(
	const struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch);

void epoch_ranges_clear(struct epoch_ranges *set);

#endif
