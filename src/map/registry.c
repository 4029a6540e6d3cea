/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/registry.h"

#include "base/checked_lock.h"
#include "base/err.h"
#include "map/map_array.h"

static struct {
	pthread_mutex_t lock;
	/* signalled when the last pin of a map is gone; each write-back pins its map */
	pthread_cond_t unpinned;
	struct map_array live;
	bool fork_took_lock; /* true: before_fork() has taken the lock; guarded by it */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .unpinned = PTHREAD_COND_INITIALIZER};

void registry_init(void)
{
	checked_lock_init(&registry.lock);
}

/*
 * The map that this thread has pinned: the map must not be removed while the thread writes it back.
 * If a signal handler of this thread calls exit(3), the handler must not wait until that pin is
 * gone.
 */
static __thread const struct map *own_pin;

void registry_fini(void)
{
	if (!checked_lock_take(&registry.lock))
		return;
	if (!registry.live.count)
		map_array_fini(&registry.live);
	checked_lock_release(&registry.lock);
}

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
	checked_lock_take(&registry.lock);
	int error = add_locked(map);
	checked_lock_release(&registry.lock);
	return error;
}

/*
 * Wait until no other thread has pinned the map, which means that none is writing it back. The
 * caller holds the lock. Cancellation is switched off, because pthread_cond_wait() is a
 * cancellation point.
 */
static void wait_for_pins(const struct map *map)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (map->pins > (own_pin == map))
		pthread_cond_wait(&registry.unpinned, &registry.lock);
	pthread_setcancelstate(state, NULL);
}

int registry_remove(struct map *map)
{
	checked_lock_take(&registry.lock);
	size_t index = map_array_index(&registry.live, map);
	bool found = index < registry.live.count;
	if (found) {
		map_array_remove(&registry.live, index);
		wait_for_pins(map);
	}
	checked_lock_release(&registry.lock);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "no live map at %p", (void *)map->addr);
	return 0;
}

bool registry_has(const struct map *map)
{
	checked_lock_take(&registry.lock);
	bool found = map_array_index(&registry.live, map) < registry.live.count;
	checked_lock_release(&registry.lock);
	return found;
}

struct map *registry_pin(uintptr_t from, uintptr_t to)
{
	struct map *map = NULL;

	/*
	 * The lock cannot be taken if this is a signal handler that calls exit(3) and has
	 * interrupted this thread while it held the lock.
	 */
	if (!checked_lock_take(&registry.lock))
		return NULL;
	size_t index = map_array_within(&registry.live, from, to);
	if (index < registry.live.count) {
		map = registry.live.maps[index];
		map->pins++;
		own_pin = map;
	}
	checked_lock_release(&registry.lock);
	return map;
}

void registry_unpin(struct map *map)
{
	checked_lock_take(&registry.lock);
	own_pin = NULL;
	if (!--map->pins)
		pthread_cond_broadcast(&registry.unpinned);
	checked_lock_release(&registry.lock);
}

/*
 * Take the lock. Does nothing if this thread holds the lock already, which is so if a signal
 * handler that interrupted the thread calls fork(2).
 */
void registry_before_fork(void)
{
	registry.fork_took_lock = checked_lock_take(&registry.lock);
}

void registry_after_fork_in_parent(void)
{
	if (registry.fork_took_lock)
		checked_lock_release(&registry.lock);
}

/*
 * If a signal handler has called fork(), the child keeps the lock, or the pin on a map, that the
 * interrupted thread had.
 */
void registry_after_fork_in_child(void)
{
	for (size_t i = 0; registry.fork_took_lock && i < registry.live.count; i++)
		registry.live.maps[i]->pins = registry.live.maps[i] == own_pin;
	registry.unpinned = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	checked_lock_init_in_child(&registry.lock);
	if (!registry.fork_took_lock)
		checked_lock_take(&registry.lock);
}
