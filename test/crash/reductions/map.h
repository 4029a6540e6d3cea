/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.h - runs operations on a map, and checks its content after the first `count` of them
 *
 * The map defines put(), take(), get() (0: the key is missing), count_all() and recover().
 */
#ifndef MAP_H
#define MAP_H

#include "reduction.h"

#define KEYS 32

struct operation {
	char what; /* '+': put(), '-': take(), '*': special(), which each reduction defines */
	unsigned key, value;
};

static void put(unsigned key, unsigned value);
static void take(unsigned key);
static void special(unsigned number);
static unsigned get(unsigned key);
static unsigned count_all(void);
static void recover(void);

static void run_all(const struct operation *operations, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct operation *operation = &operations[i];
		if (operation->what == '+')
			put(operation->key, operation->value);
		else if (operation->what == '-')
			take(operation->key);
		else
			special(operation->key);
		done();
	}
}

/* Returns true if the map has the content that it must have after the first `count` operations. */
static bool is_after(const struct operation *operations, unsigned count)
{
	unsigned values[KEYS] = {0}, keys = 0;

	for (unsigned i = 0; i < count; i++)
		if (operations[i].what != '*')
			values[operations[i].key] =
				operations[i].what == '+' ? operations[i].value : 0;
	for (unsigned key = 0; key < KEYS; key++) {
		keys += values[key] != 0;
		if (get(key) != values[key])
			return false;
	}
	return count_all() == keys;
}

static int compare(const struct operation *operations, unsigned all, unsigned acknowledged)
{
	recover();
	if (is_after(operations, acknowledged) ||
		(acknowledged < all && is_after(operations, acknowledged + 1)))
		return 0;
	return wrong("the content is neither that before nor that after the last operation");
}

#define OPERATIONS(list)                                                                           \
	static void work(void)                                                                     \
	{                                                                                          \
		run_all(list, sizeof(list) / sizeof((list)[0]));                                   \
	}                                                                                          \
	static int check(unsigned count)                                                           \
	{                                                                                          \
		return compare(list, sizeof(list) / sizeof((list)[0]), count);                     \
	}

#endif
