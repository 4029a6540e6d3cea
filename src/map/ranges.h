/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ranges.h - ranges of addresses, and a bounded set of them in which neighbours are one
 *
 * A set is sorted by address, and its ranges are further than RANGES_GAP apart. There is no lock
 * inside: the owner of a set has one, if it needs one. All zeros is an empty set.
 */
#ifndef MAP_RANGES_H
#define MAP_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ranges at most this far apart share one msync. Writing this much more costs about what a second
 * msync does: with all between them dirty, one over both took 0.85 of the time of two at a
 * distance of 32 KiB, 1.01 at 64 KiB, 1.28 at 128 KiB (bench/writeback on ext4); with it clean,
 * always less.
 */
#define RANGES_GAP ((size_t)64 << 10)
#define RANGES_MAX 64

/* [from, to) */
struct range {
	uintptr_t from, to;
};

struct ranges {
	unsigned count;
	struct range at[RANGES_MAX];
	uint64_t since[RANGES_MAX]; /* of each; that of a joined range is the lowest */
};

/* A part of a set: at[first] to at[end - 1]. */
struct ranges_part {
	unsigned first, end;
};

/*
 * Put a range in its place, joined with all that are near, and with what lies between them;
 * `since` is any number that goes with it. False if it is near to none of them and the set is
 * full: then the set is as it was.
 */
bool ranges_add(struct ranges *ranges, struct range new, uint64_t since);

/* One range from the first to the last, so that there is room again. */
void ranges_join_all(struct ranges *ranges);

/* Those that have a byte in `within`. */
struct ranges_part ranges_within(const struct ranges *ranges, struct range within);

/* Take a part out. */
void ranges_remove(struct ranges *ranges, struct ranges_part part);

#endif
