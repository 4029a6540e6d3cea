/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.h - the ranges of a file or DAX device whose media has lost its contents
 *
 * The kernel keeps lists of bad blocks, in sectors of 512 bytes: one for each region, and one for
 * each disk on persistent memory, which is relative to the disk and readable for everybody.
 */
#ifndef DEVICE_BADBLOCK_H
#define DEVICE_BADBLOCK_H

#include <stddef.h>

#include "device/device.h"
#include "libpmem2/base.h"

struct badblocks {
	struct pmem2_badblock *list; /* in bytes, from the start of the file or DAX device */
	size_t count, room;
};

/* Read the list; returns codes of pmem2_badblock_context_new(). Free it with badblocks_fini(). */
int badblocks_read(
	struct badblocks *blocks, const struct device *device, int fd, const char *sysfs);

void badblocks_fini(struct badblocks *blocks);

/* Clear a bad block, as pmem2_badblock_clear() does; it must lie in `blocks`. */
int badblocks_clear(const struct badblocks *blocks, const struct device *device, int fd,
	const char *sysfs, const struct pmem2_badblock *block);

#endif
