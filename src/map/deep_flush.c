/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/deep_flush.h"

#include <pthread.h>
#include <stdint.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "device/deepflush.h"
#include "map/file_sync.h"
#include "map/pages.h"

static int check_range(const struct map *map, const void *addr, size_t size)
{
	uintptr_t from = (uintptr_t)addr, start = (uintptr_t)map->addr;

	if (from < start || from - start > map->length || size > map->length - (from - start))
		return err_set(PMEM2_E_DEEP_FLUSH_RANGE,
			"%zu bytes at %p are not within the map of %zu bytes at %p", size, addr,
			map->length, (void *)map->addr);
	return 0;
}

int deep_flush_map(const struct map *map, const void *addr, size_t size, uint64_t since)
{
	int error = check_range(map, addr, size);

	if (error)
		return error;
	if (!map->has_device)
		return err_set(PMEM2_E_NOSUPP, "memory without a file cannot be deep-flushed");
	pthread_testcancel();
	if (map->device.kind == DEVICE_FILE)
		return file_sync_or_error(&(struct file_sync){
			map->file, pages_touched((uintptr_t)addr, size), since});
	/*
	 * The flushed lines must have reached the memory controller before its buffers are
	 * emptied.
	 */
	cpu_persist()(addr, size);
	return device_deep_flush(&map->device, map->sysfs);
}
