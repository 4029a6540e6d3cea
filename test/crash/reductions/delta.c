/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * delta.c - a page that is stored as a chain of changes, with a record of the memory that each
 * change uses
 *
 * w28	the tail of the allocation record, in its second cache line, is never flushed
 */
#include "map.h"

#define RECORDS 16

struct change {
	ALIGNED uint64_t next;
	uint64_t key, value; /* value 0: the change removes the key */
};

/*
 * A record of allocated memory. Recovery frees memory whose record has no owner in the chain of
 * changes, so the whole record must be durable.
 */
struct record {
	ALIGNED uint64_t change;
	uint64_t unused[7];
	uint64_t owner;
};

struct root {
	ALIGNED uint64_t chain;
	struct record records[RECORDS];
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static struct record *new_record(const struct change *change)
{
	struct record *record = root()->records;

	while (record->change)
		record++;
	record->change = offset_of(change);
	record->owner = 1; /* w28: lost */
	if (HAS(w28))
		persist(record, 64);
	else
		persist(record, sizeof(*record));
	return record;
}

static void add(unsigned key, unsigned value)
{
	struct change *change = carve(sizeof(*change));

	change->next = root()->chain;
	change->key = key;
	change->value = value;
	persist(change, sizeof(*change));
	new_record(change);
	root()->chain = offset_of(change); /* w28: early */
	persist(&root()->chain, sizeof(root()->chain));
}

static void put(unsigned key, unsigned value)
{
	add(key, value);
}

static void take(unsigned key)
{
	add(key, 0);
}

static void special(unsigned number)
{
	(void)number;
}

static unsigned get(unsigned key)
{
	for (struct change *change = at(root()->chain); change; change = at(change->next))
		if (change->key == key)
			return (unsigned)change->value;
	return 0;
}

static unsigned count_all(void)
{
	unsigned count = 0;

	for (unsigned key = 0; key < KEYS; key++)
		count += get(key) != 0;
	return count;
}

static bool is_owned(uint64_t change)
{
	for (unsigned i = 0; i < RECORDS; i++)
		if (root()->records[i].change == change && root()->records[i].owner)
			return true;
	return false;
}

/*
 * Checks that each change in the chain still owns its memory: if its record has no owner, the
 * memory was freed and may be used again.
 */
static void recover(void)
{
	for (struct change *change = at(root()->chain); change; change = at(change->next))
		if (!is_owned(offset_of(change))) {
			puts("memory of a change in the chain was freed");
			exit(1);
		}
}

static const struct operation operations[] = {{'+', 1, 1}, {'+', 2, 2}, {'-', 1, 0}, {'+', 2, 3}};
OPERATIONS(operations)
