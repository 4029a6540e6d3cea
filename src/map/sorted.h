/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sorted.h - maps in the order of their addresses, none of which overlap
 *
 * Looking one up takes time in the logarithm of their number. There is no lock inside: whoever
 * owns the array has one.
 */
#ifndef MAP_SORTED_H
#define MAP_SORTED_H

#include <stdint.h>

#include "map/map.h"

struct sorted {
	struct map **maps;
	size_t count, room;
};

/* The index of the first map that ends after `from`, or count. */
size_t sorted_after(const struct sorted *sorted, uintptr_t from);

/* The index of the first map with a byte in [from, to), or count. */
size_t sorted_within(const struct sorted *sorted, uintptr_t from, uintptr_t to);

/* The index of this very map, or count. */
size_t sorted_index(const struct sorted *sorted, const struct map *map);

/* The caller has seen that it overlaps none. -ENOMEM with a sentence. */
int sorted_add(struct sorted *sorted, struct map *map);

void sorted_remove(struct sorted *sorted, size_t index);

void sorted_fini(struct sorted *sorted);

#endif
