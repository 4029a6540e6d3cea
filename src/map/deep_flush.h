/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deep_flush.h - make stores durable as far as the platform can, and hear whether it worked
 *
 *	what is mapped		how
 *	PAGE map		write the pages back now
 *	regular file		the same: the file system deep-flushes the device under it
 *	DAX device		flush and fence, then deep-flush its regions
 *	no file			PMEM2_E_NOSUPP
 */
#ifndef MAP_DEEP_FLUSH_H
#define MAP_DEEP_FLUSH_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

/*
 * [addr, addr + size) of a live map. What was noted for the next drain stays noted. Write-backs of
 * the file that failed later than `since` count (file_sync.h): map->born, unless the caller knows
 * that all of the range was stored later.
 *
 * PMEM2_E_DEEP_FLUSH_RANGE	a part of it is outside of the map
 * PMEM2_E_NOSUPP		memory without a file
 * -EIO, -ENOSPC and so on	the write-back failed
 * those of device_deep_flush()
 */
int deep_flush_map(const struct map *map, const void *addr, size_t size, uint64_t since);

#endif
