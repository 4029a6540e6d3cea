/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcsafe.h - copy from and to a DAX device, whose bad blocks are an error and not the end
 *
 * Through a temporary mapping of just the part that is copied, under a guard (sigbus.h).
 */
#ifndef MAP_MCSAFE_H
#define MAP_MCSAFE_H

#include "device/device.h"

struct mcsafe {
	const struct device *device;
	int fd;
	size_t alignment; /* of the device, a power of two, at least a page */
	const char *sysfs;
};

/*
 * `size` bytes, at least one, at `offset`, both within the device. Writing returns when they are
 * durable. 0; PMEM2_E_IO_FAIL for a bad block, with some bytes copied; the codes of map_open();
 * with a sentence.
 */
int mcsafe_read(const struct mcsafe *from, void *buf, size_t size, size_t offset);
int mcsafe_write(const struct mcsafe *to, const void *buf, size_t size, size_t offset);

#endif
