/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loop.h - find the file behind a loop device
 *
 * Everybody can read the file's name, but the name may be outdated, or belong to another mount
 * namespace. Only root can read the file's device and inode numbers, which identify it.
 */
#ifndef DEVICE_LOOP_H
#define DEVICE_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

struct loop {
	char *path;    /* a name that the file had once; loop_fini() frees it; NULL: not known */
	bool is_empty; /* no file is attached to the loop device */
	bool is_told;  /* the members below are set, because the kernel has told them */
	dev_t device;  /* st_dev of the file */
	ino_t inode;   /* st_ino of the file */
	dev_t disk;    /* the block device that is attached instead of a file; else 0 */
};

/*
 * Read facts about the file of a loop device; `dir` is the device's directory in sysfs. Free them
 * with loop_fini().
 */
struct loop loop_read(int dir, const char *name);

void loop_fini(struct loop *loop);

#endif
