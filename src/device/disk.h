/* SPDX-License-Identifier: BSD-3-Clause */
/* disk.h - find the name and size of a block device, and if it supports DAX */
#ifndef DEVICE_DISK_H
#define DEVICE_DISK_H

#include <stdint.h>
#include <sys/types.h>

#include "device/sysfs.h"

/*
 * Get the name of a block device, usually its name in /dev, such as "vda1". Returns 0 or -errno;
 * sets no error message.
 */
int disk_name(const char *sysfs, dev_t number, char name[SYSFS_NAME]);

/*
 * Get the size of a block device in bytes. Returns 0 or -errno (-EBADMSG if the size is
 * malformed); sets no error message.
 */
int disk_size(const char *sysfs, dev_t number, uint64_t *size);

/*
 * Returns 1 if a file system on the block device can use DAX, 0 if not, -errno if the kernel does
 * not tell. Sets no error message.
 */
int disk_is_dax(const char *sysfs, dev_t number);

#endif
