/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache.c - items of a cache server, which finds them again after a restart
 *
 * m2	an item is linked before its version number is durable
 * c2	a reader passes on a value that is not durable yet
 */
#include "map.h"

struct item {
	ALIGNED uint64_t next;
	uint64_t key, value;
	ALIGNED uint64_t version;
};

struct root {
	ALIGNED uint64_t first;
};

static uint64_t versions;

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static void put(unsigned key, unsigned value)
{
	struct item *item = carve(sizeof(*item));

	item->key = key;
	item->value = value;
	item->next = root()->first;
	item->version = ++versions; /* m2: lost */
	if (HAS(m2))
		persist(item, 64);
	else
		persist(item, sizeof(*item));
	root()->first = offset_of(item); /* m2: early */
	flush(&root()->first, sizeof(root()->first));
	if (HAS(m2))
		flush(&item->version, sizeof(item->version));
	drain();
}

static void take(unsigned key)
{
	(void)key;
}

static struct item *item_of(unsigned key)
{
	struct item *item = at(root()->first);

	while (item && item->key != key)
		item = at(item->next);
	return item;
}

/* Stores a new value, and passes it on to another client, which reads it. */
static void special(unsigned key)
{
	struct item *item = item_of(key);

	item->value = 9; /* c2: lost */
	if (!HAS(c2))
		persist(&item->value, sizeof(item->value));
	printf("client read %llu\n", (unsigned long long)item->value);
	fflush(stdout);
	persist(&item->value, sizeof(item->value));
}

static unsigned get(unsigned key)
{
	const struct item *item = item_of(key);

	return item ? (unsigned)item->value : 0;
}

static unsigned count_all(void)
{
	unsigned count = 0;

	for (struct item *item = at(root()->first); item; item = at(item->next))
		count++;
	return count;
}

/* Checks that versions decrease from item to item: the first item must have the newest version. */
static void recover(void)
{
	uint64_t last = UINT64_MAX;

	for (struct item *item = at(root()->first); item; item = at(item->next)) {
		if (!item->version || item->version >= last) {
			puts("the version numbers of items are wrong");
			exit(1);
		}
		last = item->version;
	}
}

static const struct operation operations[] = {{'+', 1, 1}, {'+', 2, 2}, {'+', 3, 3}};

#define COUNT (sizeof(operations) / sizeof(operations[0]))

static void work(void)
{
	run_all(operations, COUNT);
	special(2);
	done();
}

static int check(unsigned count)
{
	if (count <= COUNT)
		return item_of(2) && get(2) == 9 ? 0 : compare(operations, COUNT, count);
	recover();
	return get(2) == 9 ? 0 : wrong("a value that a client has read is lost");
}
