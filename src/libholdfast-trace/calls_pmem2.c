/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_pmem2.c - the functions that pmem2_get_persist_fn() and similar calls of libpmem2 return
 *
 * For a map under test, these calls return a recording function of this file; for another map, the
 * library's function. The recording functions act as for a map of the granularity that the tool
 * has set for the run.
 */
#include <stdlib.h>

#include "libholdfast-trace/recorder.h"

#define NODRAIN (1u << 0)
#define NOFLUSH (1u << 5)

struct pmem2_map;

typedef void any_function(void);
typedef any_function *getter(struct pmem2_map *);

/*
 * libpmem2's own functions for maps under test. The recording functions call them, too, in a run
 * that executes flushes.
 */
static void (*really_flush)(const void *, size_t);
static void (*really_drain)(void);
static void (*really_persist)(const void *, size_t);

static void flush_too(const void *addr, size_t len)
{
	if (really_flush)
		really_flush(addr, len);
}

static void drain_too(void)
{
	if (really_drain)
		really_drain();
}

static void persist_too(const void *addr, size_t len)
{
	if (really_persist)
		really_persist(addr, len);
}

static void flush(const void *addr, size_t len)
{
	record_flush((uintptr_t)addr, len, CALLER);
	flush_too(addr, len);
}

static void drain(void)
{
	record_fence(CALLER);
	drain_too();
}

static void persist(const void *addr, size_t len)
{
	record_persist((uintptr_t)addr, len, CALLER);
	persist_too(addr, len);
}

/*
 * Flushes and drains the destination of a recorded copy, if this run executes flushes and does not
 * only record them.
 */
static void *finish(void *to, size_t len, unsigned flags)
{
	if (!(flags & NOFLUSH) && flags & NODRAIN)
		flush_too(to, len);
	else if (!(flags & NOFLUSH))
		persist_too(to, len);
	return to;
}

static enum after_copy after(unsigned flags)
{
	return flags & NOFLUSH ? THEN_NOTHING : flags & NODRAIN ? THEN_FLUSH : THEN_DRAIN;
}

static void *move(void *to, const void *from, size_t len, unsigned flags)
{
	record_move(to, from, len, after(flags), CALLER);
	return finish(to, len, flags);
}

static void *fill(void *to, int byte, size_t len, unsigned flags)
{
	record_fill(to, byte, len, after(flags), CALLER);
	return finish(to, len, flags);
}

/* Functions for maps of page granularity, if the tool has set this granularity: they sync pages. */

static void page_persist(const void *addr, size_t len)
{
	persist_too(addr, len);
	record_sync((uintptr_t)addr, len, CALLER);
}

static void *page_move(void *to, const void *from, size_t len, unsigned flags)
{
	record_move(to, from, len, THEN_NOTHING, CALLER);
	finish(to, len, flags & NOFLUSH);
	if (!(flags & NOFLUSH))
		record_sync((uintptr_t)to, len, CALLER);
	return to;
}

static void *page_fill(void *to, int byte, size_t len, unsigned flags)
{
	record_fill(to, byte, len, THEN_NOTHING, CALLER);
	finish(to, len, flags & NOFLUSH);
	if (!(flags & NOFLUSH))
		record_sync((uintptr_t)to, len, CALLER);
	return to;
}

static bool is_page(void)
{
	const char *granularity = getenv("PMEM2_FORCE_GRANULARITY");

	return granularity && granularity[0] == 'P';
}

static any_function *next_getter(struct pmem2_map *map, const char *name)
{
	getter *next = (getter *)next_function(name);

	return next ? next(map) : NULL;
}

static void find_really(struct pmem2_map *map)
{
	really_flush = (void (*)(const void *, size_t))next_getter(map, "pmem2_get_flush_fn");
	really_drain = (void (*)(void))next_getter(map, "pmem2_get_drain_fn");
	really_persist = (void (*)(const void *, size_t))next_getter(map, "pmem2_get_persist_fn");
}

static any_function *choose(struct pmem2_map *map, any_function *ours, const char *name)
{
	void *(*address)(struct pmem2_map *) =
		(void *(*)(struct pmem2_map *))next_function("pmem2_map_get_address");

	if (!map || !address || !maps_find((uintptr_t)address(map)))
		return next_getter(map, name);
	if (is_really())
		find_really(map);
	return ours;
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
	int error;

	if (!maps_find((uintptr_t)addr))
		return next ? next(map, addr, len) : -1;
	if (is_really() && next && (error = next(map, addr, len)))
		return error;
	record_flush((uintptr_t)addr, len, CALLER);
	record_fence(CALLER);
	return 0;
}
