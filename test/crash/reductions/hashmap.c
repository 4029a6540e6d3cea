/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hashmap.c - buckets of linked entries, and their count; changed with or without transactions
 *
 * x6	a bucket is changed without a snapshot	x8	the count is changed without a snapshot
 * x10	is_dirty may be cleared durably before the count is durable
 * x12	an entry may become durable before is_dirty is set durably
 * t2	a bucket is never flushed
 * t4	an entry is never flushed
 * t6	the count is never flushed
 * t8	an entry is linked before its content is durable
 */
#include "map.h"
#include "undo.h"

#define BUCKETS 4

struct entry {
	ALIGNED uint64_t key;
	uint64_t value, next;
};

struct root {
	struct {
		ALIGNED uint64_t first;
	} buckets[BUCKETS];
	ALIGNED uint64_t count;
	ALIGNED uint64_t is_dirty; /* not 0: the count may be wrong */
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static uint64_t *bucket_of(unsigned key)
{
	return &root()->buckets[key % BUCKETS].first;
}

static void set_dirty(void)
{
	root()->is_dirty = 1; /* x12: lost */
	if (!HAS(x12))
		persist(&root()->is_dirty, sizeof(root()->is_dirty));
}

static void add_to_count(uint64_t more)
{
	root()->count += more; /* x10 t6: lost */
	if (HAS(x10))
		flush(&root()->count, sizeof(root()->count));
	else if (!HAS(t6))
		persist(&root()->count, sizeof(root()->count));
	root()->is_dirty = 0; /* x10 t2 t6: early */
	persist(&root()->is_dirty, sizeof(root()->is_dirty));
}

static void put(unsigned key, unsigned value)
{
	struct entry *entry = carve(sizeof(*entry));
	uint64_t *bucket = bucket_of(key);

	set_dirty();
	entry->key = key; /* t4 t8: lost */
	entry->value = value;
	entry->next = *bucket;
	if (HAS(t8))
		flush(entry, sizeof(*entry));
	else if (!HAS(t4))
		persist(entry, sizeof(*entry));
	*bucket = offset_of(entry); /* mistake t2: lost store; mistakes t4 t8 x12: early store */
	if (!HAS(t2))
		persist(bucket, sizeof(*bucket));
	add_to_count(1);
}

static void take(unsigned key)
{
	uint64_t *link = bucket_of(key);

	for (struct entry *entry = at(*link); entry->key != key; entry = at(*link))
		link = &entry->next;
	set_dirty();
	*link = ((struct entry *)at(*link))->next;
	persist(link, sizeof(*link));
	add_to_count(UINT64_MAX);
}

/* Puts a key as put() does, but in a transaction. */
static void special(unsigned key)
{
	struct entry *entry = carve(sizeof(*entry));
	uint64_t *bucket = bucket_of(key);

	entry->key = key;
	entry->value = 1;
	entry->next = *bucket;
	persist(entry, sizeof(*entry));
	if (!HAS(x6))
		undo_keep(bucket, sizeof(*bucket));
	*bucket = offset_of(entry); /* x6: early */
	if (!HAS(x8))
		undo_keep(&root()->count, sizeof(root()->count));
	root()->count++; /* x8: early */
	undo_commit();
}

static unsigned get(unsigned key)
{
	const struct entry *entry = at(*bucket_of(key));

	while (entry && entry->key != key)
		entry = at(entry->next);
	return entry ? (unsigned)entry->value : 0;
}

static uint64_t walk(void)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct entry *entry = at(root()->buckets[i].first); entry;
			entry = at(entry->next))
			count++;
	return count;
}

static unsigned count_all(void)
{
	return root()->count == walk() ? (unsigned)root()->count : KEYS + 1;
}

static void recover(void)
{
	undo_recover();
	if (root()->is_dirty)
		root()->count = walk();
}

/* Puts a key with the value 1, in a transaction. */
static const struct operation operations[] = {
	{'+', 1, 3}, {'+', 5, 4}, {'-', 1, 0}, {'+', 2, 5}, {'+', 6, 6}};
static const unsigned in_transactions[] = {9, 10};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	run_all(operations, COUNT);
	for (unsigned i = 0; i < 2; i++) {
		special(in_transactions[i]);
		done();
	}
}

static int check(unsigned count)
{
	unsigned more = 0;

	recover();
	for (unsigned i = 0; i < 2; i++)
		more += get(in_transactions[i]) == 1;
	if (count_all() > KEYS)
		return wrong("the count is wrong");
	if (count < COUNT)
		return compare(operations, COUNT, count);
	if (more + COUNT < count || count_all() != 3 + more || get(5) != 4 || get(6) != 6)
		return wrong("an entry is missing");
	return 0;
}
