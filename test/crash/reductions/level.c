/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * level.c - a hash table of two levels; a bucket has slots, and a token (bit) for each valid slot
 *
 * Mistakes w8 to w16: a token may become durable before the key and the value in the slot that it
 * makes valid; token and slot are in different cache lines.
 *
 * w8	in an insert
 * w10	when an item moves
 * w12	in an update in the same bucket
 * w14	in an update in another bucket
 * w16	when an item is deleted
 *
 * Other mistakes:
 *
 * w18	the table shrinks: the pointer to a level and its size change in two steps
 * w20	an item moves: its old token is cleared before its new token is durable
 * w22	an item moves: it is in the table twice, and recovery does not repair this
 */
#include "map.h"

#define SLOTS 3

struct bucket {
	ALIGNED uint64_t tokens; /* a bit for each slot */
	struct slot {
		ALIGNED uint64_t key;
		uint64_t value;
	} slots[SLOTS];
};

/* A level of the table: the number of its buckets, and the buckets. */
struct level {
	ALIGNED uint64_t buckets;
	struct bucket bucket[];
};

struct root {
	ALIGNED uint64_t top, top_buckets, bottom;
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static struct level *new_level(unsigned buckets)
{
	struct level *level = carve(sizeof(*level) + buckets * sizeof(struct bucket));

	level->buckets = buckets;
	persist(level, sizeof(*level) + buckets * sizeof(struct bucket));
	return level;
}

static struct bucket *bucket_in(uint64_t level, unsigned key)
{
	struct level *found = at(level);

	return &found->bucket[key % found->buckets];
}

static int free_slot(const struct bucket *bucket)
{
	for (int i = 0; i < SLOTS; i++)
		if (!(bucket->tokens >> i & 1))
			return i;
	return -1;
}

static int slot_of(const struct bucket *bucket, unsigned key)
{
	for (int i = 0; i < SLOTS; i++)
		if (bucket->tokens >> i & 1 && bucket->slots[i].key == key)
			return i;
	return -1;
}

/*
 * Stores key and value to a slot, then the tokens of the bucket: sets the token of the slot and
 * clears the tokens in `drop`.
 */
static void fill(struct bucket *bucket, int i, unsigned key, unsigned value, uint64_t drop,
	bool in_one_epoch)
{
	struct slot *slot = &bucket->slots[i];

	slot->key = key; /* w8 w10 w12 w14: lost */
	slot->value = value;
	if (!in_one_epoch)
		persist(slot, sizeof(*slot));
	uint64_t tokens = (bucket->tokens & ~drop) | UINT64_C(1) << i;
	bucket->tokens = tokens; /* mistakes w8 w10 w12 w14 w22: early store; w20: lost store */
	if (in_one_epoch)
		flush(slot, sizeof(*slot));
	flush(&bucket->tokens, sizeof(bucket->tokens));
	if (!HAS(w20))
		drain();
}

static void drop(struct bucket *bucket, int i)
{
	if (HAS(w16)) {
		bucket->slots[i].key = 0;   /* w16: early */
		bucket->slots[i].value = 0; /* w16: early */
		flush(&bucket->slots[i], sizeof(bucket->slots[i]));
	}
	bucket->tokens &= ~(UINT64_C(1) << i); /* bugs w16 w22: lost store; w20: early store */
	persist(&bucket->tokens, sizeof(bucket->tokens));
}

/* Moves an item of a bucket in the top level to the bottom level. */
static void move_one(struct bucket *from)
{
	struct slot *slot = &from->slots[0];
	struct bucket *to = bucket_in(root()->bottom, (unsigned)slot->key);

	fill(to, free_slot(to), (unsigned)slot->key, (unsigned)slot->value, 0, HAS(w10));
	drop(from, 0);
}

static void put(unsigned key, unsigned value)
{
	struct bucket *top = bucket_in(root()->top, key), *bottom = bucket_in(root()->bottom, key);
	int old = slot_of(top, key), old_below = slot_of(bottom, key);

	if (free_slot(top) < 0 && old < 0)
		move_one(top);
	int slot = free_slot(top);
	if (old >= 0 && slot >= 0) {
		fill(top, slot, key, value, UINT64_C(1) << old, HAS(w12));
	} else if (old >= 0) {
		fill(bottom, free_slot(bottom), key, value, 0, HAS(w14));
		drop(top, old);
	} else {
		fill(top, slot, key, value, 0, HAS(w8));
		if (old_below >= 0)
			drop(bottom, old_below);
	}
	drain();
}

static void take(unsigned key)
{
	struct bucket *top = bucket_in(root()->top, key), *bottom = bucket_in(root()->bottom, key);
	int slot = slot_of(top, key);

	if (slot >= 0)
		drop(top, slot);
	else
		drop(bottom, slot_of(bottom, key));
}

/* Makes the table smaller: moves all pairs of its top level to a new top level of one bucket. */
static void special(unsigned number)
{
	struct level *old = at(root()->top), *small = new_level(1);
	struct root *now = root();

	(void)number;
	for (unsigned i = 0; i < old->buckets; i++)
		for (int j = 0; j < SLOTS; j++) {
			const struct slot *slot = &old->bucket[i].slots[j];
			int to = free_slot(&small->bucket[0]);
			if (old->bucket[i].tokens >> j & 1)
				fill(&small->bucket[0], to, (unsigned)slot->key,
					(unsigned)slot->value, 0, false);
		}
	if (HAS(w18)) {
		now->top_buckets = 1; /* w18: early */
		persist(&now->top_buckets, sizeof(uint64_t));
		now->top = offset_of(small); /* w18: lost */
		persist(&now->top, sizeof(uint64_t));
		return;
	}
	now->top = offset_of(small);
	persist(&now->top, sizeof(now->top));
	now->top_buckets = 1;
	persist(&now->top_buckets, sizeof(now->top_buckets));
}

static unsigned get(unsigned key)
{
	const struct bucket *top, *bottom;

	if (!root()->bottom)
		return 0;
	top = bucket_in(root()->top, key);
	bottom = bucket_in(root()->bottom, key);
	int i = slot_of(top, key), j = slot_of(bottom, key);
	return (unsigned)(i >= 0 ? top->slots[i].value : j >= 0 ? bottom->slots[j].value : 0);
}

static unsigned count_in(uint64_t level)
{
	const struct level *found = at(level);
	unsigned count = 0;

	for (unsigned i = 0; found && i < found->buckets; i++)
		count += (unsigned)__builtin_popcountll(found->bucket[i].tokens);
	return count;
}

static unsigned count_all(void)
{
	return count_in(root()->top) + count_in(root()->bottom);
}

/*
 * Removes duplicates, which a crash can leave while an item moves: if an item is in both levels,
 * drops its copy in the bottom level.
 */
static void remove_twins(void)
{
	struct level *top = at(root()->top);

	for (unsigned i = 0; top && i < top->buckets; i++)
		for (int j = 0; j < SLOTS; j++) {
			struct bucket *bucket = &top->bucket[i];
			unsigned key = (unsigned)bucket->slots[j].key;
			if (!(bucket->tokens >> j & 1))
				continue;
			struct bucket *bottom = bucket_in(root()->bottom, key);
			if (slot_of(bottom, key) >= 0)
				drop(bottom, slot_of(bottom, key));
		}
}

static void recover(void)
{
	const struct level *top = at(root()->top);

	if (top && HAS(w18) && root()->top_buckets != top->buckets) {
		puts("the size of the level is wrong");
		exit(1);
	}
	if (!HAS(w22))
		remove_twins();
}

static const struct operation operations[] = {{'+', 1, 1}, {'+', 3, 2}, {'+', 5, 3}, {'+', 7, 4},
	{'+', 5, 5}, {'+', 2, 6}, {'+', 2, 7}, {'-', 3, 0}, {'-', 7, 0}, {'+', 1, 8}, {'-', 2, 0},
	{'*', 0, 0}};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	root()->bottom = offset_of(new_level(1));
	root()->top_buckets = 2;
	root()->top = offset_of(new_level(2));
	persist(root(), sizeof(*root()));
	run_all(operations, COUNT);
}

static int check(unsigned count)
{
	if (!root()->bottom || !root()->top)
		return count ? wrong("there is no table") : 0;
	return compare(operations, COUNT, count);
}
