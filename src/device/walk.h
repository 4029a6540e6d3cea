/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.h - from a device number to every region of persistent memory under it
 *
 * A partition is resolved to its disk; device-mapper, md and the like to the disks that they are
 * built on, however many floors high. Everything that asks a region for something goes this way,
 * so that all of it has the same idea of what lies under a file.
 */
#ifndef DEVICE_WALK_H
#define DEVICE_WALK_H

#include <stdbool.h>
#include <sys/types.h>

enum walk_cover {
	WALK_UNKNOWN, /* nothing was found, and something could not be looked at */
	WALK_NONE,    /* no persistent memory that the kernel knows of: an answer, not an error */
	WALK_PARTLY,  /* some of what it is built on is, some is not or cannot be told */
	WALK_ALL,     /* every byte of it lies in a region */
};

/*
 * Called with the region's directory, an O_PATH descriptor that stays the walk's. Something else
 * than 0 ends the walk.
 */
typedef int walk_visit(int region, void *context);

/*
 * Visit each region under a block device or a DAX character device (`type` is "block" or "char"),
 * once however many disks of the stack lie in it. *cover may be NULL, and is told on success only.
 * Returns 0, what `visit` returned, or -ENOMEM.
 */
int walk_regions(const char *sysfs, const char *type, dev_t number, walk_visit *visit,
	void *context, enum walk_cover *cover);

/*
 * Visit each device of the stack instead, each once, the higher before those under it; `is_lowest`
 * says that it is built on no other. *lost tells whether any device could not be looked at.
 */
typedef int walk_floor(int device, bool is_lowest, void *context);
int walk_floors(const char *sysfs, const char *type, dev_t number, walk_floor *visit, void *context,
	bool *lost);

/* The region that a device's directory lies in, or -ENOENT. A descriptor; `dir` stays open. */
int walk_region_above(const char *sysfs, int dir);

#endif
