/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.h - the ranges of a file or DAX device whose media has lost its contents
 *
 * The kernel keeps lists of bad blocks, in sectors of 512 bytes: one for each region, and one for
 * each disk on persistent memory. A disk's list has offsets from the start of the disk, and every
 * user can read it.
 */
#ifndef DEVICE_BADBLOCK_H
#define DEVICE_BADBLOCK_H

#include <stddef.h>

#include "device/device.h"
#include "libpmem2/base.h"

struct badblocks {
	struct pmem2_badblock *list; /* offsets in bytes from the start of the file or DAX device */
	size_t count, room;
};

/*
 * Read the list of bad blocks. Returns 0 or an error code of pmem2_badblock_context_new(). Free
 * the list with badblocks_fini().
 */
int badblocks_read(
	struct badblocks *blocks, const struct device *device, int fd, const char *sysfs);

void badblocks_fini(struct badblocks *blocks);

/* Clear a bad block, as pmem2_badblock_clear() does. The block must lie in `blocks`. */
int badblocks_clear(const struct badblocks *blocks, const struct device *device, int fd,
	const char *sysfs, const struct pmem2_badblock *block);

#endif
