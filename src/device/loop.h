/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loop.h - the file that a loop device is
 *
 * Its name, which everybody may read, is one from another time or another mount namespace. Which
 * file it is, by device and inode, only root is told.
 */
#ifndef DEVICE_LOOP_H
#define DEVICE_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

struct loop {
	char *path;    /* a name of it once; NULL: not known; owned */
	bool is_empty; /* it is told that it has no file */
	bool is_told;  /* the rest is known */
	dev_t device;  /* st_dev of the file */
	ino_t inode;   /* and st_ino */
	dev_t disk;    /* the block device that the "file" is; 0: it is a file */
};

/* Read it from a loop device's directory below sysfs. Free it with loop_fini(). */
struct loop loop_read(int dir, const char *name);

void loop_fini(struct loop *loop);

#endif
