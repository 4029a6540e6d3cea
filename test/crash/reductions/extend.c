/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * extend.c - an extendible hash table: a directory of segments, which are split
 *
 * w24, a mistake: a segment's local depth may become durable before the directory
 *
 * 2^(2-d) entries of the directory point to a segment of depth d. A split copies items to the new
 * segment and also leaves them in the old segment, where they are ignored.
 */
#include "map.h"

#define DIRECTORY 4
#define SLOTS     3

struct segment {
	ALIGNED uint64_t depth;
	ALIGNED uint64_t items[SLOTS + 1]; /* key and value */
};

struct root {
	ALIGNED uint64_t directory[DIRECTORY];
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static unsigned key_of(uint64_t item)
{
	return (unsigned)(item >> 32);
}

static struct segment *segment_of(unsigned key)
{
	return at(root()->directory[key % DIRECTORY]);
}

/* Returns true if the item belongs to the segment to which directory entry `entry` points. */
static bool counts(const struct segment *segment, uint64_t item, unsigned entry)
{
	uint64_t mask = (UINT64_C(1) << segment->depth) - 1;

	return item && (key_of(item) & mask) == (entry & mask);
}

static struct segment *new_segment(uint64_t depth)
{
	struct segment *segment = carve(sizeof(*segment));

	segment->depth = depth;
	return segment;
}

static void split(struct segment *old, unsigned entry)
{
	struct segment *new = new_segment(2);

	/*
	 * Directory entries 0 and 2 (or 1 and 3) both point to the old segment: let the upper
	 * entry, 2 or 3, point to the new segment.
	 */
	unsigned upper = entry | 2;
	for (unsigned i = 0; i < SLOTS; i++)
		if (old->items[i] && key_of(old->items[i]) % DIRECTORY == upper)
			new->items[i] = old->items[i];
	persist(new, sizeof(*new));
	root()->directory[upper] = offset_of(new); /* w24: lost */
	flush(&root()->directory[upper], sizeof(uint64_t));
	if (!HAS(w24))
		drain();
	old->depth = 2; /* w24: early */
	persist(&old->depth, sizeof(old->depth));
}

static bool add(struct segment *segment, unsigned key, unsigned value)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (!counts(segment, segment->items[i], key % DIRECTORY)) {
			segment->items[i] = (uint64_t)key << 32 | value;
			persist(&segment->items[i], sizeof(uint64_t));
			return true;
		}
	return false;
}

static void put(unsigned key, unsigned value)
{
	while (!add(segment_of(key), key, value))
		split(segment_of(key), key % DIRECTORY);
}

static void take(unsigned key)
{
	(void)key;
}

static void special(unsigned number)
{
	(void)number;
}

static unsigned get(unsigned key)
{
	const struct segment *segment = segment_of(key);

	for (unsigned i = 0; i < SLOTS; i++)
		if (counts(segment, segment->items[i], key % DIRECTORY) &&
			key_of(segment->items[i]) == key)
			return (uint32_t)segment->items[i];
	return 0;
}

static unsigned count_all(void)
{
	unsigned count = 0;

	for (unsigned key = 0; key < KEYS; key++)
		count += get(key) != 0;
	return count;
}

/* Finishes a split that had already changed the directory before the crash. */
static void recover(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct segment *lower = at(root()->directory[i]);
		if (root()->directory[i] != root()->directory[i + 2]) {
			lower->depth = 2;
			persist(&lower->depth, sizeof(lower->depth));
		}
	}
}

static const struct operation operations[] = {{'+', 4, 1}, {'+', 2, 2}, {'+', 8, 3}, {'+', 6, 4},
	{'+', 1, 5}, {'+', 5, 6}, {'+', 9, 7}, {'+', 3, 8}};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct segment *segment = new_segment(1);
		persist(segment, sizeof(*segment));
		root()->directory[i] = root()->directory[i + 2] = offset_of(segment);
	}
	persist(root(), sizeof(*root()));
	run_all(operations, COUNT);
}

static int check(unsigned count)
{
	for (unsigned i = 0; i < DIRECTORY; i++)
		if (!root()->directory[i])
			return count ? wrong("there is no directory") : 0;
	if (compare(operations, COUNT, count))
		return 1;
	/* A new item must not overwrite a valid item. */
	unsigned value = get(2);
	put(12, 9);
	return get(2) == value ? 0 : wrong("an item was overwritten");
}
