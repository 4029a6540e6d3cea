/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.h - find all regions of persistent memory under the device with a certain number
 *
 * For a partition, its disk is looked at; for device-mapper, md and the like the devices that they
 * are built on, through any number of layers (floors). All code that needs the regions under a
 * device uses these functions, so that it always finds the same regions.
 */
#ifndef DEVICE_WALK_H
#define DEVICE_WALK_H

#include <stdbool.h>
#include <sys/types.h>

enum walk_cover {
	WALK_UNKNOWN, /* no region was found, but a device could not be looked at */
	WALK_NONE,    /* the device is not on persistent memory, as far as the kernel knows */
	WALK_PARTLY,  /* a part of the device is in regions; the rest is elsewhere or unknown */
	WALK_ALL,     /* every byte of the device lies in a region */
};

/*
 * A function that is called for each region, with an O_PATH descriptor of the region's directory,
 * which it must not close. If it returns a value other than 0, the walk ends.
 */
typedef int walk_visit(int region, void *context);

/*
 * Visit each region under a block device or a DAX character device (`type` is "block" or "char").
 * A region is visited once, even if several disks lie in it. Sets *cover on success, unless
 * `cover` is NULL. Returns 0, the value with which `visit` has ended the walk, or -ENOMEM.
 */
int walk_regions(const char *sysfs, const char *type, dev_t number, walk_visit *visit,
	void *context, enum walk_cover *cover);

/*
 * Visit the device itself, and then all devices that it is built on, through any number of layers.
 * Each is visited once, after a device that is built on it. `is_lowest`: the device is built on no
 * other device. *lost becomes true if a device could not be looked at.
 */
typedef int walk_floor(int device, bool is_lowest, void *context);
int walk_floors(const char *sysfs, const char *type, dev_t number, walk_floor *visit, void *context,
	bool *lost);

/*
 * Open the directory of the region that contains a device, by the device's directory `dir`, which
 * stays open. Returns a descriptor, or -ENOENT if the device is in no region.
 */
int walk_region_above(const char *sysfs, int dir);

#endif
