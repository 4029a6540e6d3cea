/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/map_array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static uintptr_t start_of(const struct map *map)
{
	return (uintptr_t)map->addr;
}

static uintptr_t end_of(const struct map *map)
{
	return (uintptr_t)map->addr + map->length;
}

size_t map_array_after(const struct map_array *array, uintptr_t from)
{
	size_t low = 0, high = array->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (end_of(array->maps[middle]) > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t map_array_within(const struct map_array *array, uintptr_t from, uintptr_t to)
{
	size_t index = map_array_after(array, from);

	if (index < array->count && start_of(array->maps[index]) < to)
		return index;
	return array->count;
}

size_t map_array_index(const struct map_array *array, const struct map *map)
{
	size_t index = map_array_after(array, start_of(map));

	if (index < array->count && array->maps[index] == map)
		return index;
	return array->count;
}

static int make_room(struct map_array *array)
{
	if (array->count < array->room)
		return 0;
	size_t room = array->room ? array->room * 2 : 16;
	struct map **maps = reallocarray(array->maps, room, sizeof(*maps));
	if (!maps)
		return err_set(-ENOMEM, "out of memory to keep track of %zu maps", room);
	array->maps = maps;
	array->room = room;
	return 0;
}

int map_array_add(struct map_array *array, struct map *map)
{
	size_t index = map_array_after(array, start_of(map));
	int error = make_room(array);

	if (error)
		return error;
	memmove(&array->maps[index + 1], &array->maps[index],
		(array->count - index) * sizeof(*array->maps));
	array->maps[index] = map;
	array->count++;
	return 0;
}

void map_array_remove(struct map_array *array, size_t index)
{
	array->count--;
	memmove(&array->maps[index], &array->maps[index + 1],
		(array->count - index) * sizeof(*array->maps));
}

void map_array_fini(struct map_array *array)
{
	free(array->maps);
	*array = (struct map_array){0};
}
