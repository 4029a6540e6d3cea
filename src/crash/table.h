/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h - a hash table with numbers other than 0 as keys, and numbers or pointers as values. A
 * zeroed struct is an empty table.
 */
#ifndef CRASH_TABLE_H
#define CRASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_cell {
	uint64_t key, value;
};

struct table {
	struct table_cell *cells;
	size_t count, size; /* size: number of cells, 0 or a power of two */
};

/* Mixes the bits of `key`: each bit of the result depends on each bit of `key`. */
static inline uint64_t mix(uint64_t key)
{
	key = (key ^ key >> 31) * UINT64_C(0x7fb5d329728ea185);
	key = (key ^ key >> 27) * UINT64_C(0x81dadef4bc2dd44d);
	return key ^ key >> 33;
}

/*
 * Returns the address of the key's value, valid until the table changes; NULL if the table does
 * not have the key.
 */
uint64_t *table_find(const struct table *table, uint64_t key);

/*
 * Like table_find(), but if the table does not have the key, adds it with the value 0. Returns
 * NULL if there is no memory.
 */
uint64_t *table_add(struct table *table, uint64_t key);

void table_remove(struct table *table, uint64_t key);
void table_fini(struct table *table);

#endif
