/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sheet.c - a map from numbers to numbers: a hash table whose entries, the leaves, each hold the
 * values for 64 consecutive numbers
 */
#include "crash/sheet.h"

#include <stdlib.h>

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << number % SHEET_LEAF;
}

static struct sheet_leaf *leaf_of(const struct sheet *sheet, uint64_t number)
{
	const uint64_t *found = table_find(&sheet->leaves, number / SHEET_LEAF + 1);

	return found ? (struct sheet_leaf *)(uintptr_t)*found : NULL;
}

uint32_t *sheet_find(const struct sheet *sheet, uint64_t number)
{
	struct sheet_leaf *leaf = leaf_of(sheet, number);

	return leaf && leaf->used & bit_of(number) ? &leaf->values[number % SHEET_LEAF] : NULL;
}

static bool grow(struct sheet *sheet)
{
	uint32_t capacity = sheet->capacity ? sheet->capacity * 2 : 16;
	struct sheet_leaf **grown = realloc(sheet->list, capacity * sizeof(struct sheet_leaf *));

	if (!grown)
		return false;
	sheet->list = grown;
	sheet->capacity = capacity;
	return true;
}

static struct sheet_leaf *make_leaf(struct sheet *sheet, uint64_t number)
{
	if (sheet->leaf_count == sheet->capacity && !grow(sheet))
		return NULL;
	struct sheet_leaf *leaf = calloc(1, sizeof(*leaf));
	uint64_t *found = leaf ? table_add(&sheet->leaves, number / SHEET_LEAF + 1) : NULL;
	if (!found) {
		free(leaf);
		return NULL;
	}
	*found = (uint64_t)(uintptr_t)leaf;
	leaf->number = number / SHEET_LEAF;
	leaf->slot = sheet->leaf_count;
	sheet->list[sheet->leaf_count++] = leaf;
	return leaf;
}

uint32_t *sheet_add(struct sheet *sheet, uint64_t number)
{
	struct sheet_leaf *leaf = leaf_of(sheet, number);

	if (!leaf && !(leaf = make_leaf(sheet, number)))
		return NULL;
	uint32_t *value = &leaf->values[number % SHEET_LEAF];
	if (!(leaf->used & bit_of(number))) {
		leaf->used |= bit_of(number);
		sheet->count++;
		*value = 0;
	}
	return value;
}

void sheet_remove(struct sheet *sheet, uint64_t number)
{
	struct sheet_leaf *leaf = leaf_of(sheet, number);

	if (!leaf || !(leaf->used & bit_of(number)))
		return;
	leaf->used &= ~bit_of(number);
	sheet->count--;
	if (leaf->used)
		return;
	struct sheet_leaf *last = sheet->list[--sheet->leaf_count];
	sheet->list[leaf->slot] = last;
	last->slot = leaf->slot;
	table_remove(&sheet->leaves, leaf->number + 1);
	free(leaf);
}

void sheet_fini(struct sheet *sheet)
{
	for (uint32_t i = 0; i < sheet->leaf_count; i++)
		free(sheet->list[i]);
	free(sheet->list);
	table_fini(&sheet->leaves);
	*sheet = (struct sheet){0};
}

bool sheet_next(const struct sheet *sheet, struct sheet_at *at, uint64_t *number)
{
	for (; at->leaf < sheet->leaf_count; at->leaf++, at->passed = 0) {
		const struct sheet_leaf *leaf = sheet->list[at->leaf];
		uint64_t left = leaf->used & ~at->passed;
		if (!left)
			continue;
		at->passed |= left & -left;
		*number = leaf->number * SHEET_LEAF + (unsigned)__builtin_ctzll(left);
		return true;
	}
	return false;
}
