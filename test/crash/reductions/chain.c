/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chain.c - a chain of buckets; each is a cache line with keys, values and the next bucket
 *
 * w30	a new bucket is linked although it was not flushed
 * w32	a new bucket is linked although its flush was not drained
 * w34	a new bucket is not flushed: the flush uses a "next" pointer that was read too early
 */
#include "map.h"

#define BUCKETS 2
#define SLOTS   3

struct bucket {
	ALIGNED uint64_t keys[SLOTS];
	uint64_t values[SLOTS];
	uint64_t next;
};

static struct bucket *bucket_of(unsigned key)
{
	return (struct bucket *)(void *)(base + ROOT) + key % BUCKETS;
}

static struct bucket *new_bucket(unsigned key, unsigned value)
{
	struct bucket *bucket = carve(sizeof(*bucket));

	bucket->values[0] = value; /* w30 w32 w34: lost */
	bucket->keys[0] = key;     /* w30 w32 w34: lost */
	if (HAS(w32))
		flush(bucket, sizeof(*bucket));
	else if (!HAS(w30) && !HAS(w34))
		persist(bucket, sizeof(*bucket));
	return bucket;
}

static void put(unsigned key, unsigned value)
{
	struct bucket *bucket = bucket_of(key), *next = at(bucket->next);

	for (;; bucket = next, next = at(bucket->next)) {
		for (unsigned i = 0; i < SLOTS; i++)
			if (!bucket->keys[i] || bucket->keys[i] == key) {
				/*
				 * Store the value before the key: on x86, stores to one cache line
				 * become durable in their order.
				 */
				((volatile struct bucket *)bucket)->values[i] = value;
				((volatile struct bucket *)bucket)->keys[i] = key;
				persist(bucket, sizeof(*bucket));
				return;
			}
		if (!next)
			break;
	}
	struct bucket *new = new_bucket(key, value);
	if (HAS(w34) && next)
		persist(next, sizeof(*next));
	bucket->next = offset_of(new); /* w30 w32 w34: early */
	persist(&bucket->next, sizeof(bucket->next));
}

static void take(unsigned key)
{
	for (struct bucket *bucket = bucket_of(key); bucket; bucket = at(bucket->next))
		for (unsigned i = 0; i < SLOTS; i++)
			if (bucket->keys[i] == key) {
				bucket->keys[i] = 0;
				persist(&bucket->keys[i], sizeof(uint64_t));
			}
}

static void special(unsigned number)
{
	(void)number;
}

static unsigned get(unsigned key)
{
	if (!key)
		return 0;
	for (struct bucket *bucket = bucket_of(key); bucket; bucket = at(bucket->next))
		for (unsigned i = 0; i < SLOTS; i++)
			if (bucket->keys[i] == key)
				return (unsigned)bucket->values[i];
	return 0;
}

static unsigned count_all(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct bucket *bucket = bucket_of(i); bucket; bucket = at(bucket->next)) {
			if (bucket != bucket_of(i) && !bucket->values[0]) {
				puts("a linked bucket has no entry");
				exit(1);
			}
			for (unsigned j = 0; j < SLOTS; j++)
				count += bucket->keys[j] != 0;
		}
	return count;
}

static void recover(void)
{
}

static const struct operation operations[] = {{'+', 1, 1}, {'+', 3, 2}, {'+', 5, 3}, {'+', 7, 4},
	{'+', 2, 5}, {'-', 3, 0}, {'+', 9, 6}, {'+', 11, 7}};
OPERATIONS(operations)
