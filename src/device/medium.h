/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * medium.h - find out if a block device keeps flushed data when the power fails
 *
 * The answer is yes only with evidence: a driver and a transport that are known to belong to
 * non-volatile storage, and flushes that the kernel sends to the device. Without evidence the
 * answer is "unknown". All texts have static storage duration.
 */
#ifndef DEVICE_MEDIUM_H
#define DEVICE_MEDIUM_H

#include "device/sysfs.h"
#include "libpmem2/explain.h"

struct medium {
	enum holdfast_survival survival;
	const char *kind;     /* kind of disk, such as "a virtio disk"; follows "disk vda, " */
	const char *evidence; /* how it is known if data survives; without a full stop */
	const char *keeper;   /* names what has to keep the data, such as "the drive"; or NULL */
};

/*
 * Judge a disk that is built on no other device and is not a loop device, by its sysfs directory
 * and its name.
 */
struct medium medium_of_disk(const char *sysfs, int disk, const char *name);

/*
 * Judge a device that is built on other devices, such as device-mapper: does it pass all stores
 * and flushes on to them?
 */
struct medium medium_of_stack(int device, const char *name);

/* Judge a region of persistent memory, by its sysfs directory. */
struct medium medium_of_region(const char *sysfs, int region);

/* Returns true if a block device is read-only, according to its attribute "ro". */
bool medium_is_read_only(const char *sysfs, dev_t number);

#endif
