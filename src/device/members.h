/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * members.h - find all block devices that a file system lies on, including that of its journal
 *
 * st_dev of a file is the number of at most one of these devices. Where the list of devices is
 * found depends on the type of file system. If devices could not be found, `gap` says which.
 */
#ifndef DEVICE_MEMBERS_H
#define DEVICE_MEMBERS_H

#include <stddef.h>
#include <sys/types.h>

#include "device/filesystem.h"

struct members {
	dev_t *list;
	size_t count;
	const char *gap;     /* devices not found, for messages; NULL: the list is complete */
	bool has_no_journal; /* the file system is an ext4 without a journal */
};

/*
 * Find the devices of a file system of class FILESYSTEM_DISK or FILESYSTEM_UNKNOWN. `number` is
 * st_dev of its files. Returns 0 or -ENOMEM. Free the result with members_fini().
 */
int members_find(struct members *members, const struct filesystem *filesystem, dev_t number,
	const char *sysfs);

void members_fini(struct members *members);

#endif
