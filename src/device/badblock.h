/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badblock.h - the pieces of a file or DAX device whose media has lost its contents
 *
 * The kernel keeps lists, in sectors of 512 bytes: of each region, and of each disk of persistent
 * memory, where they are relative to the disk and anybody may read them.
 */
#ifndef DEVICE_BADBLOCK_H
#define DEVICE_BADBLOCK_H

#include <stddef.h>

#include "device/device.h"
#include "libpmem2/base.h"

struct badblocks {
	struct pmem2_badblock *list; /* bytes, from the start of the file or DAX device */
	size_t count, room;
};

/* See pmem2_badblock_context_new() for the codes. Free them with badblocks_fini(). */
int badblocks_read(
	struct badblocks *blocks, const struct device *device, int fd, const char *sysfs);

void badblocks_fini(struct badblocks *blocks);

/* See pmem2_badblock_clear(); only what is in `blocks` is cleared. */
int badblocks_clear(const struct badblocks *blocks, const struct device *device, int fd,
	const char *sysfs, const struct pmem2_badblock *block);

#endif
