/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t unpinned; /* some map has lost its last pin */
	struct map **maps;       /* sorted by address; no two overlap */
	size_t count, room;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .unpinned = PTHREAD_COND_INITIALIZER};

static uintptr_t start_of(const struct map *map)
{
	return (uintptr_t)map->addr;
}

static uintptr_t end_of(const struct map *map)
{
	return (uintptr_t)map->addr + map->length;
}

/* The index of the first map that ends after `from`. */
static size_t first_after(uintptr_t from)
{
	size_t low = 0, high = registry.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (end_of(registry.maps[middle]) > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool is_at(const struct map *map, size_t index)
{
	return index < registry.count && registry.maps[index] == map;
}

static int make_room(void)
{
	if (registry.count < registry.room)
		return 0;
	size_t room = registry.room ? registry.room * 2 : 16;
	struct map **maps = reallocarray(registry.maps, room, sizeof(*maps));
	if (!maps)
		return err_set(-ENOMEM, "no memory to keep track of %zu maps", room);
	registry.maps = maps;
	registry.room = room;
	return 0;
}

static int add_locked(struct map *map)
{
	size_t index = first_after(start_of(map));

	if (index < registry.count && start_of(registry.maps[index]) < end_of(map))
		return err_set(PMEM2_E_MAP_EXISTS,
			"%zu bytes at %p overlap a map of %zu bytes at %p", map->length,
			(void *)map->addr, registry.maps[index]->length,
			(void *)registry.maps[index]->addr);
	int error = make_room();
	if (error)
		return error;
	memmove(&registry.maps[index + 1], &registry.maps[index],
		(registry.count - index) * sizeof(*registry.maps));
	registry.maps[index] = map;
	registry.count++;
	map->pins = 0;
	return 0;
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
	size_t index = first_after(start_of(map));
	bool found = is_at(map, index);
	if (found) {
		registry.count--;
		memmove(&registry.maps[index], &registry.maps[index + 1],
			(registry.count - index) * sizeof(*registry.maps));
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
	bool found = is_at(map, first_after(start_of(map)));
	pthread_mutex_unlock(&registry.lock);
	return found;
}

struct map *registry_pin(uintptr_t from, uintptr_t to)
{
	struct map *map = NULL;

	pthread_mutex_lock(&registry.lock);
	size_t index = first_after(from);
	if (index < registry.count && start_of(registry.maps[index]) < to) {
		map = registry.maps[index];
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
	for (size_t i = 0; i < registry.count; i++)
		registry.maps[i]->pins = 0;
	pthread_cond_init(&registry.unpinned, NULL);
	pthread_mutex_unlock(&registry.lock);
}
