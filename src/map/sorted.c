/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/sorted.h"

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

size_t sorted_after(const struct sorted *sorted, uintptr_t from)
{
	size_t low = 0, high = sorted->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (end_of(sorted->maps[middle]) > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t sorted_within(const struct sorted *sorted, uintptr_t from, uintptr_t to)
{
	size_t index = sorted_after(sorted, from);

	if (index < sorted->count && start_of(sorted->maps[index]) < to)
		return index;
	return sorted->count;
}

size_t sorted_index(const struct sorted *sorted, const struct map *map)
{
	size_t index = sorted_after(sorted, start_of(map));

	if (index < sorted->count && sorted->maps[index] == map)
		return index;
	return sorted->count;
}

static int make_room(struct sorted *sorted)
{
	if (sorted->count < sorted->room)
		return 0;
	size_t room = sorted->room ? sorted->room * 2 : 16;
	struct map **maps = reallocarray(sorted->maps, room, sizeof(*maps));
	if (!maps)
		return err_set(-ENOMEM, "no memory to keep track of %zu maps", room);
	sorted->maps = maps;
	sorted->room = room;
	return 0;
}

int sorted_add(struct sorted *sorted, struct map *map)
{
	size_t index = sorted_after(sorted, start_of(map));
	int error = make_room(sorted);

	if (error)
		return error;
	memmove(&sorted->maps[index + 1], &sorted->maps[index],
		(sorted->count - index) * sizeof(*sorted->maps));
	sorted->maps[index] = map;
	sorted->count++;
	return 0;
}

void sorted_remove(struct sorted *sorted, size_t index)
{
	sorted->count--;
	memmove(&sorted->maps[index], &sorted->maps[index + 1],
		(sorted->count - index) * sizeof(*sorted->maps));
}

void sorted_fini(struct sorted *sorted)
{
	free(sorted->maps);
	*sorted = (struct sorted){0};
}
