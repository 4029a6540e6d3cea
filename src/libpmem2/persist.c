/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.c - the flush, drain, persist and copy functions that a program gets for a map
 *
 * For BYTE and CACHE_LINE granularity, a program gets pointers to the CPU engine's own functions,
 * so that it calls these directly.
 */
#include "cpu/cpu.h"
#include "libpmem2.h"
#include "libpmem2/export.h"
#include "libpmem2/map.h"
#include "map/writeback.h"

/*
 * The flush for BYTE granularity does nothing, because stores in the CPU's caches survive a power
 * cut.
 */
static void byte_flush(const void *ptr, size_t size)
{
	(void)ptr;
	(void)size;
}

/*
 * After a copy to a map of page granularity, note the pages for the next drain, or persist them
 * now. The copy goes through the caches, because the kernel reads the bytes there.
 */
static void page_finish(const void *ptr, size_t size, unsigned flags, uint64_t begun)
{
	if (flags & PMEM2_F_MEM_NOFLUSH)
		return;
	if (flags & PMEM2_F_MEM_NODRAIN)
		writeback_note_copy(ptr, size, begun);
	else
		writeback_persist_copy(ptr, size, begun);
}

static void *page_memmove(void *pmemdest, const void *src, size_t len, unsigned flags)
{
	uint64_t begun = writeback_copy_begins();

	cpu.engine->move_byte(pmemdest, src, len, PMEM2_F_MEM_NOFLUSH);
	page_finish(pmemdest, len, flags, begun);
	return pmemdest;
}

static void *page_memset(void *pmemdest, int c, size_t len, unsigned flags)
{
	uint64_t begun = writeback_copy_begins();

	cpu.engine->set_byte(pmemdest, c, len, PMEM2_F_MEM_NOFLUSH);
	page_finish(pmemdest, len, flags, begun);
	return pmemdest;
}

/* Choose one of three values by the granularity of the map. */
#define PICK(map_, byte, line, page)                                                               \
	((map_)->map.granularity == PMEM2_GRANULARITY_BYTE          ? (byte)                       \
		: (map_)->map.granularity == PMEM2_GRANULARITY_PAGE ? (page)                       \
								    : (line))

EXPORT(pmem2_get_flush_fn)
pmem2_flush_fn pmem2_get_flush_fn(struct pmem2_map *map)
{
	return PICK(map, byte_flush, cpu.engine->flush, writeback_note);
}

EXPORT(pmem2_get_drain_fn)
pmem2_drain_fn pmem2_get_drain_fn(struct pmem2_map *map)
{
	return PICK(map, cpu.engine->drain, cpu.engine->drain, writeback_drain);
}

EXPORT(pmem2_get_persist_fn)
pmem2_persist_fn pmem2_get_persist_fn(struct pmem2_map *map)
{
	return PICK(map, cpu.engine->persist_byte, cpu_persist(), writeback_persist);
}

EXPORT(pmem2_get_memmove_fn)
pmem2_memmove_fn pmem2_get_memmove_fn(struct pmem2_map *map)
{
	return PICK(map, cpu.engine->move_byte, cpu.engine->move_line, page_memmove);
}

/* Returns the memmove function: source and destination may overlap for memcpy, too. */
EXPORT(pmem2_get_memcpy_fn)
pmem2_memcpy_fn pmem2_get_memcpy_fn(struct pmem2_map *map)
{
	return pmem2_get_memmove_fn(map);
}

EXPORT(pmem2_get_memset_fn)
pmem2_memset_fn pmem2_get_memset_fn(struct pmem2_map *map)
{
	return PICK(map, cpu.engine->set_byte, cpu.engine->set_line, page_memset);
}
