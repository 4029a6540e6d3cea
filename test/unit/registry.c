/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.c - compare look-ups of maps by address with a linear search of an array */
#include "map/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/err.h"
#include "tap.h"

#define SLOTS 64
#define UNIT  4096

static struct map maps[SLOTS];
static bool present[SLOTS];

static struct map *expected(uintptr_t from, uintptr_t to)
{
	struct map *lowest = NULL;

	for (int i = 0; i < SLOTS; i++) {
		uintptr_t start = (uintptr_t)maps[i].addr;
		if (present[i] && start < to && start + maps[i].length > from &&
			(!lowest || maps[i].addr < lowest->addr))
			lowest = &maps[i];
	}
	return lowest;
}

static bool overlaps_any(const struct map *map)
{
	return expected((uintptr_t)map->addr, (uintptr_t)map->addr + map->length);
}

/* Adds or removes a random map. Returns true if the registry returns what the model predicts. */
static bool change(unsigned *seed)
{
	int i = (int)((unsigned)rand_r(seed) % SLOTS);

	if (present[i]) {
		present[i] = false;
		return !registry_remove(&maps[i]);
	}
	maps[i].addr = (char *)(uintptr_t)(UNIT * (1 + (unsigned)rand_r(seed) % 500));
	maps[i].length = 1 + (size_t)rand_r(seed) % (8 * UNIT);
	if (rand_r(seed) % 2) /* makes some maps adjacent */
		maps[i].length = (maps[i].length + UNIT - 1) / UNIT * UNIT;
	bool taken = overlaps_any(&maps[i]);
	int error = registry_add(&maps[i]);
	present[i] = !error;
	return error == (taken ? PMEM2_E_MAP_EXISTS : 0);
}

/*
 * Returns a random address. About half of the time, the address is the beginning or end of a map,
 * or one byte below or above a beginning or end.
 */
static uintptr_t somewhere(unsigned *seed)
{
	const struct map *map = &maps[(unsigned)rand_r(seed) % SLOTS];
	uintptr_t edge = (uintptr_t)map->addr + (rand_r(seed) % 2 ? map->length : 0);

	if (!map->addr || rand_r(seed) % 2)
		return (uintptr_t)rand_r(seed) % (600 * UNIT);
	return edge - 1 + (uintptr_t)rand_r(seed) % 3;
}

static bool look_up(unsigned *seed)
{
	uintptr_t from = somewhere(seed), to = from + 1 + (uintptr_t)rand_r(seed) % (20 * UNIT);
	uintptr_t end = somewhere(seed);

	if (end > from)
		to = end;
	struct map *found = registry_pin(from, to);

	if (found)
		registry_unpin(found);
	return found == expected(from, to);
}

static void random_sequences(void)
{
	unsigned seed = 1, changes = 0, look_ups = 0;

	for (int i = 0; i < 20000; i++) {
		changes += change(&seed);
		look_ups += look_up(&seed);
	}
	is_int(changes, 20000,
		"registry: 20000 random additions and removals agree with a simple reference model");
	is_int(look_ups, 20000, "registry: 20000 look-ups agree with a simple reference model");
	for (int i = 0; i < SLOTS; i++)
		if (present[i])
			registry_remove(&maps[i]);
	ok(!registry_pin(0, UINTPTR_MAX), "registry: is empty when all maps are removed");
}

static void mistakes(void)
{
	struct map a = {.addr = (char *)UNIT, .length = UNIT}, twin = a;

	is_int(registry_remove(&a), PMEM2_E_MAPPING_NOT_FOUND,
		"registry_remove: a map that was never added is refused");
	is_int(registry_add(&a), 0, "registry_add: a map is added");
	is_int(registry_add(&a), PMEM2_E_MAP_EXISTS,
		"registry_add: a map that is already in the registry is refused");
	is_int(registry_remove(&twin), PMEM2_E_MAPPING_NOT_FOUND,
		"registry_remove: a map that was not added is refused, even at an added map's address");
	has_str(err_get(), "no live map",
		"registry_remove: the message for a map that was not added says that it is not live");
	is_int(registry_remove(&a), 0, "registry_remove: a map is removed");
}

static atomic_bool removed;

static void *remove_map(void *map)
{
	registry_remove(map);
	atomic_store(&removed, true);
	return NULL;
}

/*
 * Rule N5 of map/writeback.h: a map must not be unmapped while it is pinned, that is, written back.
 */
static void pins(void)
{
	struct map a = {.addr = (char *)UNIT, .length = UNIT};
	pthread_t thread;

	registry_add(&a);
	struct map *first = registry_pin(UNIT, UNIT + 1), *second = registry_pin(0, UINTPTR_MAX);
	ok(first == &a && second == &a, "registry_pin: a map can be pinned twice");
	pthread_create(&thread, NULL, remove_map, &a);
	while (registry_has(&a))
		usleep(100);
	ok(!registry_pin(UNIT, UNIT + 1),
		"registry_pin: a map cannot be pinned while it is being removed");
	registry_unpin(first);
	usleep(10000);
	ok(!atomic_load(&removed),
		"N5: removing a map with two pins waits for both to be released");
	registry_unpin(second);
	pthread_join(thread, NULL);
	ok(atomic_load(&removed), "registry_remove: returns when the last pin is released");
}

int main(void)
{
	random_sequences();
	mistakes();
	pins();
	return tap_done();
}
