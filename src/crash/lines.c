/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.c - a list of lines, and a table that finds a line's index in the list */
#include "crash/lines.h"

#include <stdlib.h>

static bool grow(struct lines *lines)
{
	uint32_t capacity = lines->capacity ? lines->capacity * 2 : 64;
	struct line *grown = realloc(lines->list, capacity * sizeof(*grown));

	if (!grown)
		return false;
	lines->list = grown;
	lines->capacity = capacity;
	return true;
}

bool lines_add(struct lines *lines, uint64_t place)
{
	uint64_t *slot = table_find(&lines->slots, place + 1);

	if (slot) {
		lines->list[*slot].stores++;
		return true;
	}
	if (lines->count == lines->capacity && !grow(lines))
		return false;
	slot = table_add(&lines->slots, place + 1);
	if (!slot)
		return false;
	*slot = lines->count;
	lines->list[lines->count++] = (struct line){place, 1};
	return true;
}

void lines_remove(struct lines *lines, uint64_t place)
{
	uint64_t *slot = table_find(&lines->slots, place + 1);

	if (!slot || --lines->list[*slot].stores)
		return;
	struct line last = lines->list[--lines->count];
	uint64_t hole = *slot;
	table_remove(&lines->slots, place + 1);
	if (last.place == place)
		return;
	lines->list[hole] = last;
	*table_find(&lines->slots, last.place + 1) = hole;
}

void lines_fini(struct lines *lines)
{
	free(lines->list);
	table_fini(&lines->slots);
	*lines = (struct lines){0};
}
