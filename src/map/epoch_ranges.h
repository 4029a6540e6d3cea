/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoch_ranges.h - ranges of addresses of files, each with the epoch of the latest failure that
 * the program knows of there (W7 and W9 of writeback_failure.h)
 *
 * The set is bounded: when it is full, the range with the oldest epoch is forgotten. There is no
 * lock inside.
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
	} list[EPOCH_RANGES_MAX]; /* by address; none overlap */
};

/* Replaces what was known of these addresses. */
void epoch_ranges_add(
	struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch);

/* Nothing is known of these addresses any more. */
void epoch_ranges_remove(struct epoch_ranges *set, struct range range);

/* Whether all of the range is known, as one of this file, with this epoch or a later one. */
bool epoch_ranges_cover(
	const struct epoch_ranges *set, struct file_id file, struct range range, uint64_t epoch);

void epoch_ranges_clear(struct epoch_ranges *set);

#endif
