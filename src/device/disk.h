/* SPDX-License-Identifier: BSD-3-Clause */
/* disk.h - block devices, as people know them */
#ifndef DEVICE_DISK_H
#define DEVICE_DISK_H

#include <stdint.h>
#include <sys/types.h>

#include "device/sysfs.h"

/* Its name in /dev, mostly: "vda1". -errno; no sentence. */
int disk_name(const char *sysfs, dev_t number, char name[SYSFS_NAME]);

/* Its size in bytes. -errno, -EBADMSG; no sentence. */
int disk_size(const char *sysfs, dev_t number, uint64_t *size);

/*
 * 1 if a file system on it can use DAX, 0 if not; -errno if the kernel does not say. No sentence.
 */
int disk_is_dax(const char *sysfs, dev_t number);

#endif
