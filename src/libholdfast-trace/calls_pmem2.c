/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_pmem2.c - the functions that libpmem2 hands out
 *
 * For a map under test a getter returns a function of ours; for another one, the library's. Ours
 * are those of maps of the granularity that the tool forces for the run.
 */
#include <stdlib.h>

#include "libholdfast-trace/recorder.h"

#define NODRAIN (1u << 0)
#define NOFLUSH (1u << 5)

struct pmem2_map;

typedef void any_function(void);
typedef any_function *getter(struct pmem2_map *);

static void flush(const void *addr, size_t len)
{
	record_flush((uintptr_t)addr, len, CALLER);
}

static void drain(void)
{
	record_fence(CALLER);
}

static void persist(const void *addr, size_t len)
{
	record_persist((uintptr_t)addr, len, CALLER);
}

static enum after_copy after(unsigned flags)
{
	return flags & NOFLUSH ? THEN_NOTHING : flags & NODRAIN ? THEN_FLUSH : THEN_DRAIN;
}

static void *move(void *to, const void *from, size_t len, unsigned flags)
{
	return record_move(to, from, len, after(flags), CALLER);
}

static void *fill(void *to, int byte, size_t len, unsigned flags)
{
	return record_fill(to, byte, len, after(flags), CALLER);
}

/* The same of a map of page granularity, which the tool may force instead: they sync. */

static void page_persist(const void *addr, size_t len)
{
	record_sync((uintptr_t)addr, len, CALLER);
}

static void *page_move(void *to, const void *from, size_t len, unsigned flags)
{
	record_move(to, from, len, THEN_NOTHING, CALLER);
	if (!(flags & NOFLUSH))
		record_sync((uintptr_t)to, len, CALLER);
	return to;
}

static void *page_fill(void *to, int byte, size_t len, unsigned flags)
{
	record_fill(to, byte, len, THEN_NOTHING, CALLER);
	if (!(flags & NOFLUSH))
		record_sync((uintptr_t)to, len, CALLER);
	return to;
}

static bool is_page(void)
{
	const char *granularity = getenv("PMEM2_FORCE_GRANULARITY");

	return granularity && granularity[0] == 'P';
}

static any_function *choose(struct pmem2_map *map, any_function *ours, const char *name)
{
	void *(*address)(struct pmem2_map *) =
		(void *(*)(struct pmem2_map *))next_function("pmem2_map_get_address");
	getter *next = (getter *)next_function(name);

	if (map && address && maps_find((uintptr_t)address(map)))
		return ours;
	return next ? next(map) : NULL;
}

EXPORT any_function *pmem2_get_flush_fn(struct pmem2_map *map)
{
	return choose(
		map, (any_function *)(is_page() ? page_persist : flush), "pmem2_get_flush_fn");
}

EXPORT any_function *pmem2_get_drain_fn(struct pmem2_map *map)
{
	return choose(map, (any_function *)drain, "pmem2_get_drain_fn");
}

EXPORT any_function *pmem2_get_persist_fn(struct pmem2_map *map)
{
	return choose(
		map, (any_function *)(is_page() ? page_persist : persist), "pmem2_get_persist_fn");
}

EXPORT any_function *pmem2_get_memmove_fn(struct pmem2_map *map)
{
	return choose(map, (any_function *)(is_page() ? page_move : move), "pmem2_get_memmove_fn");
}

EXPORT any_function *pmem2_get_memcpy_fn(struct pmem2_map *map)
{
	return choose(map, (any_function *)(is_page() ? page_move : move), "pmem2_get_memcpy_fn");
}

EXPORT any_function *pmem2_get_memset_fn(struct pmem2_map *map)
{
	return choose(map, (any_function *)(is_page() ? page_fill : fill), "pmem2_get_memset_fn");
}

EXPORT int pmem2_deep_flush(struct pmem2_map *map, void *addr, size_t len)
{
	int (*next)(struct pmem2_map *, void *, size_t) =
		(int (*)(struct pmem2_map *, void *, size_t))next_function("pmem2_deep_flush");

	if (!maps_find((uintptr_t)addr))
		return next ? next(map, addr, len) : -1;
	record_flush((uintptr_t)addr, len, CALLER);
	record_fence(CALLER);
	return 0;
}
