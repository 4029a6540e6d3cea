/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deep_flush.h - make stores durable as far as the platform can, and report failures
 *
 *	what is mapped		how it is deep-flushed
 *	PAGE map		writes the pages back now
 *	regular file		the same: the file system deep-flushes the device under it
 *	DAX device		flush and fence, then deep-flush the device's regions
 *	no file			refused: PMEM2_E_NOSUPP
 */
#ifndef MAP_DEEP_FLUSH_H
#define MAP_DEEP_FLUSH_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

/*
 * Deep-flush [addr, addr + size) of a live map. Ranges that a flush has noted for the next drain
 * stay noted. Fails also if an earlier write-back of the file failed after the epoch `since`
 * (file_sync.h). Pass map->born as `since`, unless the caller knows that all of the range was
 * stored later.
 *
 * PMEM2_E_DEEP_FLUSH_RANGE	a part of the range is outside of the map
 * PMEM2_E_NOSUPP		memory without a file
 * -EIO, -ENOSPC and so on	the write-back failed
 * and the codes of device_deep_flush()
 */
int deep_flush_map(const struct map *map, const void *addr, size_t size, uint64_t since);

#endif
