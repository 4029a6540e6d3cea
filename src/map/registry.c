/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/registry.h"

#include <pthread.h>

#include "base/err.h"
#include "map/map_array.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t unpinned; /* some map has lost its last pin */
	struct map_array live;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .unpinned = PTHREAD_COND_INITIALIZER};

static int add_locked(struct map *map)
{
	uintptr_t start = (uintptr_t)map->addr;
	size_t index = map_array_within(&registry.live, start, start + map->length);

	if (index < registry.live.count)
		return err_set(PMEM2_E_MAP_EXISTS,
			"%zu bytes at %p overlap a map of %zu bytes at %p", map->length,
			(void *)map->addr, registry.live.maps[index]->length,
			(void *)registry.live.maps[index]->addr);
	map->pins = 0;
	return map_array_add(&registry.live, map);
}

int registry_add(struct map *map)
{
	pthread_mutex_lock(&registry.lock);
	int error = add_locked(map);
	pthread_mutex_unlock(&registry.lock);
	return error;
}

int registry_remove(struct map *map)
{
	pthread_mutex_lock(&registry.lock);
	size_t index = map_array_index(&registry.live, map);
	bool found = index < registry.live.count;
	if (found) {
		map_array_remove(&registry.live, index);
		while (map->pins)
			pthread_cond_wait(&registry.unpinned, &registry.lock);
	}
	pthread_mutex_unlock(&registry.lock);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "no live map at %p", (void *)map->addr);
	return 0;
}

bool registry_has(const struct map *map)
{
	pthread_mutex_lock(&registry.lock);
	bool found = map_array_index(&registry.live, map) < registry.live.count;
	pthread_mutex_unlock(&registry.lock);
	return found;
}

struct map *registry_pin(uintptr_t from, uintptr_t to)
{
	struct map *map = NULL;

	pthread_mutex_lock(&registry.lock);
	size_t index = map_array_within(&registry.live, from, to);
	if (index < registry.live.count) {
		map = registry.live.maps[index];
		map->pins++;
	}
	pthread_mutex_unlock(&registry.lock);
	return map;
}

void registry_unpin(struct map *map)
{
	pthread_mutex_lock(&registry.lock);
	if (!--map->pins)
		pthread_cond_broadcast(&registry.unpinned);
	pthread_mutex_unlock(&registry.lock);
}

void registry_before_fork(void)
{
	pthread_mutex_lock(&registry.lock);
}

void registry_after_fork_in_parent(void)
{
	pthread_mutex_unlock(&registry.lock);
}

void registry_after_fork_in_child(void)
{
	for (size_t i = 0; i < registry.live.count; i++)
		registry.live.maps[i]->pins = 0;
	pthread_cond_init(&registry.unpinned, NULL);
	pthread_mutex_unlock(&registry.lock);
}
