/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ranges.h - address ranges, and a bounded set of them that joins neighbours into one
 *
 * A set is sorted by address, and its ranges are further than RANGES_GAP apart. It has no lock:
 * the owner provides one if needed. All zeros is an empty set.
 */
#ifndef MAP_RANGES_H
#define MAP_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * In bytes: ranges at most this far apart share one msync. Writing this much more costs about as
 * much as a second msync. With all pages between two ranges dirty, one msync over both took 0.85
 * of the time of two msyncs at a distance of 32 KiB, 1.01 at 64 KiB, 1.28 at 128 KiB
 * (bench/writeback on ext4); with clean pages between them, always less.
 */
#define RANGES_GAP ((size_t)64 << 10)
#define RANGES_MAX 64

/* The addresses from `from` up to, but not including, `to`. */
struct range {
	uintptr_t from, to;
};

struct ranges {
	unsigned count;
	struct range at[RANGES_MAX];
	uint64_t since[RANGES_MAX]; /* a number for each range; a joined range keeps the lowest */
};

/* A part of a set: at[first] to at[end - 1]. */
struct ranges_part {
	unsigned first, end;
};

/*
 * Add a range. It is joined with all ranges that are at most RANGES_GAP away, and with the bytes
 * between them. `since` is a number that is stored with the range. False if the set is full and no
 * range is that near: the set is then unchanged.
 */
bool ranges_add(struct ranges *ranges, struct range new, uint64_t since);

/* Replace all ranges by a single one from the first to the last, to make room. */
void ranges_join_all(struct ranges *ranges);

/* The ranges that have a byte in `within`. */
struct ranges_part ranges_within(const struct ranges *ranges, struct range within);

/* Remove a part of the set. */
void ranges_remove(struct ranges *ranges, struct ranges_part part);

#endif
