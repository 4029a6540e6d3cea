/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.c - tests persist, flush, drain and copies of maps, with each granularity and each flag
 */
#include <errno.h>
#include <pthread.h>

#include "api/fixture.h"

#define SIZE 65536

static const char *const granularities[] = {"BYTE", "CACHE_LINE", "PAGE"};

static void same_for_all_maps_of_a_granularity(const char *granularity)
{
	struct pmem2_map *a = map_of(SIZE, granularity), *b = map_of(SIZE, granularity);

	ok(pmem2_get_persist_fn(a) && pmem2_get_persist_fn(a) == pmem2_get_persist_fn(b),
		"granularity %s: all maps have the same persist function", granularity);
	ok(pmem2_get_flush_fn(a) && pmem2_get_flush_fn(a) == pmem2_get_flush_fn(b),
		"granularity %s: all maps have the same flush function", granularity);
	ok(pmem2_get_drain_fn(a) && pmem2_get_drain_fn(a) == pmem2_get_drain_fn(b),
		"granularity %s: all maps have the same drain function", granularity);
	ok(pmem2_get_memcpy_fn(a) && pmem2_get_memcpy_fn(a) == pmem2_get_memmove_fn(b),
		"granularity %s: memcpy and memmove of all maps are the same function",
		granularity);
	ok(pmem2_get_memset_fn(a) && pmem2_get_memset_fn(a) == pmem2_get_memset_fn(b),
		"granularity %s: all maps have the same memset function", granularity);
	pmem2_map_delete(&a);
	pmem2_map_delete(&b);
}

static void fill(char *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (char)(i * 7 + i / 256);
}

/*
 * Tests copies and fills with all combinations of flags, also contradictory ones, and with lengths
 * on both sides of thresholds.
 */
static void copies(struct pmem2_map *map, const char *granularity)
{
	static const size_t lengths[] = {0, 1, 7, 8, 63, 64, 65, 255, 256, 257, 4096, 20000};
	pmem2_memcpy_fn copy = pmem2_get_memcpy_fn(map);
	pmem2_memset_fn set = pmem2_get_memset_fn(map);
	char *addr = pmem2_map_get_address(map), *expected = malloc(SIZE), *data = malloc(SIZE);
	unsigned wrong = 0;

	if (!expected || !data)
		bail("no memory");
	fill(data, SIZE);
	for (unsigned flags = 0; flags <= PMEM2_F_MEM_VALID_FLAGS; flags++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			size_t at = 1000 + flags, length = lengths[i];
			set(addr, 0x1aa, SIZE, PMEM2_F_MEM_NOFLUSH);
			memset(expected, 0xaa, SIZE);
			wrong += copy(addr + at, data, length, flags) != addr + at;
			memcpy(expected + at, data, length);
			wrong += copy(addr + at + 5, addr + at, length, flags) != addr + at + 5;
			memmove(expected + at + 5, expected + at, length);
			wrong += set(addr + 40000, (int)flags, length, flags) != addr + 40000;
			memset(expected + 40000, (int)flags, length);
			wrong += memcmp(addr, expected, SIZE) != 0;
		}
	is_int(wrong, 0, "granularity %s: copies and fills write the right bytes with all flags",
		granularity);
	pmem2_get_drain_fn(map)();
	free(expected);
	free(data);
}

static void odd_ranges(struct pmem2_map *map, const char *granularity)
{
	char *addr = pmem2_map_get_address(map);
	pmem2_flush_fn flush = pmem2_get_flush_fn(map);
	pmem2_persist_fn persist = pmem2_get_persist_fn(map);

	errno = 77;
	flush(addr, 0);
	flush(addr + 1, 0);
	flush((void *)1, 0);
	flush(NULL, 0);
	persist((void *)1, 0);
	flush(addr, SIZE);
	flush(addr + 4095, 2);
	pmem2_get_drain_fn(map)();
	persist(addr + SIZE - 1, 1);
	is_int(errno, 77,
		"granularity %s: flush, drain and persist do not change errno, even for 0 bytes",
		granularity);
}

static void *work(void *map)
{
	char *addr = pmem2_map_get_address(map), data[300];

	memset(data, 5, sizeof(data));
	for (size_t i = 0; i < 200; i++) {
		addr[i * 64 % SIZE]++;
		pmem2_get_flush_fn(map)(addr + i * 64 % SIZE, 1);
		if (i % 16 == 0)
			pmem2_get_drain_fn(map)();
	}
	return NULL;
}

/*
 * Tests threads that flush and drain while maps are made and deleted; in a build with the thread
 * sanitizer this finds races.
 */
static void threads(const char *granularity)
{
	struct pmem2_map *maps[4];
	pthread_t thread[4];

	for (int i = 0; i < 4; i++) {
		maps[i] = map_of(SIZE, granularity);
		pthread_create(&thread[i], NULL, work, maps[i]);
	}
	for (int i = 0; i < 20; i++) {
		struct pmem2_map *other = map_of(SIZE, granularity);
		*(char *)pmem2_map_get_address(other) = 1;
		pmem2_get_flush_fn(other)(pmem2_map_get_address(other), 1);
		pmem2_map_delete(&other);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		pmem2_map_delete(&maps[i]);
	}
	ok(true, "granularity %s: four threads flush and drain while maps are made and deleted",
		granularity);
}

int main(void)
{
	for (int g = 0; g < 3; g++) {
		same_for_all_maps_of_a_granularity(granularities[g]);
		struct pmem2_map *map = map_of(SIZE, granularities[g]);
		copies(map, granularities[g]);
		odd_ranges(map, granularities[g]);
		pmem2_map_delete(&map);
		threads(granularities[g]);
	}
	return tap_done();
}
