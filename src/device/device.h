/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.h - what a file descriptor stands for: a regular file or a DAX character device
 *
 * `sysfs` is the root to read from: SYSFS_ROOT, or a recorded tree in tests.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stddef.h>
#include <sys/types.h>

#include "device/region.h"

enum device_kind {
	DEVICE_FILE, /* a regular file, on whatever file system */
	DEVICE_DAX,  /* a DAX character device: memory without a file system */
};

struct device {
	enum device_kind kind;
	dev_t number; /* of the device itself, or of the block device under the file system */
};

/* PMEM2_E_INVALID_FILE_HANDLE, PMEM2_E_INVALID_FILE_TYPE or -errno, with a sentence. */
int device_identify(struct device *device, int fd, const char *sysfs);

/* Bytes, now. As device_identify(), and PMEM2_E_INVALID_SIZE_FORMAT. */
int device_size(const struct device *device, int fd, const char *sysfs, size_t *size);

/*
 * What offsets and lengths must be multiples of, in bytes. PMEM2_E_INVALID_ALIGNMENT_FORMAT or
 * _VALUE, or -errno, with a sentence.
 */
int device_alignment(const struct device *device, const char *sysfs, size_t *alignment);

/* The persistent memory under it, if the kernel knows of any. */
struct region device_region(const struct device *device, const char *sysfs);

#endif
