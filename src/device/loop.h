/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loop.h - find the file behind a loop device
 *
 * The file's name is readable for everybody, but may be outdated or of another mount namespace. Its
 * device and inode numbers, which identify it, are readable for root only.
 */
#ifndef DEVICE_LOOP_H
#define DEVICE_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

struct loop {
	char *path;    /* a name that the file had once; NULL: not known; owned */
	bool is_empty; /* the loop device has no file */
	bool is_told;  /* the members below are known */
	dev_t device;  /* st_dev of the file */
	ino_t inode;   /* st_ino of the file */
	dev_t disk;    /* the block device, if the "file" is one; else 0 */
};

/* Read the facts about a loop device from its sysfs directory. Free them with loop_fini(). */
struct loop loop_read(int dir, const char *name);

void loop_fini(struct loop *loop);

#endif
