/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcsafe.h - copy from and to a DAX device; a bad block is an error instead of a fatal signal
 *
 * Uses a temporary mapping of just the part that is copied, under a guard (sigbus.h).
 */
#ifndef MAP_MCSAFE_H
#define MAP_MCSAFE_H

#include "device/device.h"

struct mcsafe {
	const struct device *device;
	int fd;
	size_t alignment; /* the device's alignment, a power of two, at least a page */
	const char *sysfs;
};

/*
 * Copy `size` bytes, at least one, at `offset`, all within the device. A write returns when they
 * are durable. Returns 0; PMEM2_E_IO_FAIL for a bad block, with some bytes copied; or a code of
 * map_open(); with an error message.
 */
int mcsafe_read(const struct mcsafe *from, void *buf, size_t size, size_t offset);
int mcsafe_write(const struct mcsafe *to, const void *buf, size_t size, size_t offset);

#endif
