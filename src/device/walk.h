/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.h - from a device number to every region of persistent memory under it
 *
 * A partition is resolved to its disk; device-mapper, md and the like to the disks that they are
 * built on, through any number of layers (floors). All code that needs the regions under a device
 * uses this walk, so that it always finds the same ones.
 */
#ifndef DEVICE_WALK_H
#define DEVICE_WALK_H

#include <stdbool.h>
#include <sys/types.h>

enum walk_cover {
	WALK_UNKNOWN, /* no region was found, and a device could not be looked at */
	WALK_NONE,    /* not on persistent memory that the kernel knows; not an error */
	WALK_PARTLY,  /* partly in regions; the rest is elsewhere or unknown */
	WALK_ALL,     /* every byte of the device lies in a region */
};

/*
 * A visitor, called with the region's directory, an O_PATH descriptor that it must not close. A
 * return value other than 0 ends the walk.
 */
typedef int walk_visit(int region, void *context);

/*
 * Visit each region under a block device or a DAX character device (`type` is "block" or "char"),
 * once even if several disks of the stack lie in it. `cover` may be NULL; *cover is set on success
 * only. Returns 0, what `visit` returned, or -ENOMEM.
 */
int walk_regions(const char *sysfs, const char *type, dev_t number, walk_visit *visit,
	void *context, enum walk_cover *cover);

/*
 * Visit each device of the stack itself, each once, and before the devices under it; `is_lowest`:
 * it is built on no other device. *lost becomes true if a device could not be looked at.
 */
typedef int walk_floor(int device, bool is_lowest, void *context);
int walk_floors(const char *sysfs, const char *type, dev_t number, walk_floor *visit, void *context,
	bool *lost);

/* Open the region above a device's directory, or -ENOENT. A descriptor; `dir` stays open. */
int walk_region_above(const char *sysfs, int dir);

#endif
