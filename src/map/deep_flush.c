/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/deep_flush.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "device/deepflush.h"
#include "map/range.h"

int deep_write_back(const void *addr, size_t size)
{
	struct range pages = range_whole_pages((uintptr_t)addr, size);
	int failed;

	if (!size)
		return 0;
	/*
	 * Streaming stores, from the CPU's buffers, to where the kernel will read: before msync().
	 */
	cpu.engine->drain();
	do
		failed = msync((void *)pages.from, pages.to - pages.from, MS_SYNC);
	while (failed && errno == EINTR);
	return failed ? err_sys("cannot write back %zu bytes at %p", size, addr) : 0;
}

static int check_range(const struct map *map, const void *addr, size_t size)
{
	uintptr_t from = (uintptr_t)addr, start = (uintptr_t)map->addr;

	if (from < start || from - start > map->length || size > map->length - (from - start))
		return err_set(PMEM2_E_DEEP_FLUSH_RANGE,
			"%zu bytes at %p are not within the map of %zu bytes at %p", size, addr,
			map->length, (void *)map->addr);
	return 0;
}

int deep_flush_map(const struct map *map, const void *addr, size_t size)
{
	int error = check_range(map, addr, size);

	if (error)
		return error;
	if (!map->has_device)
		return err_set(PMEM2_E_NOSUPP, "memory without a file cannot be deep-flushed");
	if (map->device.kind == DEVICE_FILE)
		return deep_write_back(addr, size);
	/* The flush must have reached the memory controller before its buffers are emptied. */
	cpu.engine->persist(addr, size);
	return device_deep_flush(&map->device, map->sysfs);
}
