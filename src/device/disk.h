/* SPDX-License-Identifier: BSD-3-Clause */
/* disk.h - names and sizes of block devices, and their support of DAX */
#ifndef DEVICE_DISK_H
#define DEVICE_DISK_H

#include <stdint.h>
#include <sys/types.h>

#include "device/sysfs.h"

/* Get the name, usually that in /dev: "vda1". 0 or -errno; sets no message. */
int disk_name(const char *sysfs, dev_t number, char name[SYSFS_NAME]);

/* Get the size in bytes. 0 or -errno, -EBADMSG if malformed; sets no message. */
int disk_size(const char *sysfs, dev_t number, uint64_t *size);

/*
 * Returns 1 if a file system on the block device can use DAX, 0 if not; -errno if the kernel does
 * not say. Sets no message.
 */
int disk_is_dax(const char *sysfs, dev_t number);

#endif
