/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * registry.h - every live map of the process, by address
 *
 * Locks: one mutex, held for a look-up or a change and never during I/O. A map that is being
 * written back is pinned instead: it stays in existence, and removing it waits for the last pin
 * (N5 of map/writeback.h).
 */
#ifndef MAP_REGISTRY_H
#define MAP_REGISTRY_H

#include <stdint.h>

#include "map/map.h"

/* Call once, when the library is loaded. */
void registry_init(void);

/* Call when the library is unloaded or the process exits: frees memory that no live map needs. */
void registry_fini(void);

/*
 * Register a map. Returns 0; PMEM2_E_MAP_EXISTS if it overlaps a registered map; -ENOMEM; with an
 * error message.
 */
int registry_add(struct map *map);

/*
 * Remove a map from the registry, after waiting until no thread has pinned it.
 * PMEM2_E_MAPPING_NOT_FOUND, with an error message, if the map is not registered.
 */
int registry_remove(struct map *map);

/* True if this map (compared by pointer) is registered. */
bool registry_has(const struct map *map);

/*
 * Return the lowest map that has a byte in [from, to), and pin it: it is not removed before
 * registry_unpin(). NULL if there is no such map.
 */
struct map *registry_pin(uintptr_t from, uintptr_t to);
void registry_unpin(struct map *map);

/*
 * Call these functions before and after fork. The child starts with all maps; those that other
 * threads have pinned in the parent are not pinned in the child.
 */
void registry_before_fork(void);
void registry_after_fork_in_parent(void);
void registry_after_fork_in_child(void);

#endif
