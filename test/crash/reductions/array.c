/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * array.c - a durable array that grows
 *
 * p8	the array's length and its address change in two steps
 */
#include "reduction.h"

struct block {
	uint64_t room;
	uint64_t values[];
};

struct array {
	uint64_t room;
	ALIGNED uint64_t block;
};

struct root {
	ALIGNED uint64_t array; /* file offset of the array in use */
	ALIGNED uint64_t count;
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static uint64_t new_block(uint64_t room, const struct block *old)
{
	struct block *block = carve(sizeof(*block) + room * sizeof(uint64_t));

	block->room = room;
	for (uint64_t i = 0; old && i < old->room; i++)
		block->values[i] = old->values[i];
	persist(block, sizeof(*block) + room * sizeof(uint64_t));
	return offset_of(block);
}

static void grow(struct array *array)
{
	uint64_t room = array ? array->room * 2 : 2;
	uint64_t block = new_block(room, array ? at(array->block) : NULL);

	if (HAS(p8) && array) {
		array->room = room; /* p8: early */
		persist(&array->room, sizeof(array->room));
		array->block = block; /* p8: lost */
		persist(&array->block, sizeof(array->block));
		return;
	}
	array = carve(sizeof(*array));
	array->room = room;
	array->block = block;
	persist(array, sizeof(*array));
	root()->array = offset_of(array);
	persist(&root()->array, sizeof(root()->array));
}

static void append(uint64_t value)
{
	struct array *array = at(root()->array);

	if (!array || root()->count == array->room) {
		grow(array);
		array = at(root()->array);
	}
	struct block *block = at(array->block);
	block->values[root()->count] = value;
	persist(&block->values[root()->count], sizeof(value));
	root()->count++;
	persist(&root()->count, sizeof(root()->count));
}

static void work(void)
{
	for (unsigned i = 1; i <= 6; i++) {
		append(i);
		done();
	}
}

static int check(unsigned count)
{
	struct array *array = at(root()->array);
	struct block *block = array ? at(array->block) : NULL;

	if (block && block->room != array->room)
		return wrong("the array and its memory have different sizes");
	if (root()->count != count && root()->count != count + 1)
		return wrong("a wrong number of values");
	for (uint64_t i = 0; i < root()->count; i++)
		if (block->values[i] != i + 1)
			return wrong("a wrong value");
	return 0;
}
