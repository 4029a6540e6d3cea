/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c - a hash table with open addressing and linear probing; when a key is removed, later
 * keys move up
 */
#include "crash/table.h"

#include <stdlib.h>

static size_t home(const struct table *table, uint64_t key)
{
	return mix(key) & (table->size - 1);
}

static size_t next(const struct table *table, size_t at)
{
	return (at + 1) & (table->size - 1);
}

uint64_t *table_find(const struct table *table, uint64_t key)
{
	if (!table->size)
		return NULL;
	for (size_t at = home(table, key); table->cells[at].key; at = next(table, at))
		if (table->cells[at].key == key)
			return &table->cells[at].value;
	return NULL;
}

static bool grow(struct table *table)
{
	struct table old = *table;
	size_t size = old.size ? old.size * 2 : 64;
	struct table_cell *cells = calloc(size, sizeof(*cells));

	if (!cells)
		return false;
	*table = (struct table){cells, old.count, size};
	for (size_t i = 0; i < old.size; i++) {
		if (!old.cells[i].key)
			continue;
		size_t at = home(table, old.cells[i].key);
		while (cells[at].key)
			at = next(table, at);
		cells[at] = old.cells[i];
	}
	free(old.cells);
	return true;
}

uint64_t *table_add(struct table *table, uint64_t key)
{
	uint64_t *found = table_find(table, key);

	if (found)
		return found;
	if ((table->count + 1) * 2 > table->size && !grow(table))
		return NULL;
	size_t at = home(table, key);
	while (table->cells[at].key)
		at = next(table, at);
	table->count++;
	table->cells[at] = (struct table_cell){key, 0};
	return &table->cells[at].value;
}

void table_remove(struct table *table, uint64_t key)
{
	uint64_t *found = table_find(table, key);

	if (!found)
		return;
	size_t hole = (size_t)((struct table_cell *)(void *)(found - 1) - table->cells);
	for (size_t at = next(table, hole); table->cells[at].key; at = next(table, at)) {
		size_t wanted = home(table, table->cells[at].key);
		/* the key must not move to the hole if its probe sequence begins behind the hole */
		if (((at - wanted) & (table->size - 1)) < ((at - hole) & (table->size - 1)))
			continue;
		table->cells[hole] = table->cells[at];
		hole = at;
	}
	table->cells[hole] = (struct table_cell){0, 0};
	table->count--;
}

void table_fini(struct table *table)
{
	free(table->cells);
	*table = (struct table){0};
}
