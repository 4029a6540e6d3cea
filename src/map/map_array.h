/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map_array.h - maps sorted by address, without overlaps
 *
 * The time of a look-up grows with the logarithm of the number of maps. The array has no lock: its
 * owner has one.
 */
#ifndef MAP_MAP_ARRAY_H
#define MAP_MAP_ARRAY_H

#include <stdint.h>

#include "map/map.h"

struct map_array {
	struct map **maps;
	size_t count, room;
};

/* The index of the first map that ends after `from`, or count. */
size_t map_array_after(const struct map_array *array, uintptr_t from);

/* The index of the first map with a byte in [from, to), or count. */
size_t map_array_within(const struct map_array *array, uintptr_t from, uintptr_t to);

/* The index of this map (compared by pointer), or count. */
size_t map_array_index(const struct map_array *array, const struct map *map);

/* Add a map, which must not overlap another one. Returns 0, or -ENOMEM with an error message. */
int map_array_add(struct map_array *array, struct map *map);

void map_array_remove(struct map_array *array, size_t index);

void map_array_fini(struct map_array *array);

#endif
