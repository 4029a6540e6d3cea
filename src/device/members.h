/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * members.h - find all block devices that a file system lies on, that of its journal included
 *
 * st_dev is at most one of them. The source of the list depends on the type of file system; `gap`
 * names devices that could not be found.
 */
#ifndef DEVICE_MEMBERS_H
#define DEVICE_MEMBERS_H

#include <stddef.h>
#include <sys/types.h>

#include "device/filesystem.h"

struct members {
	dev_t *list;
	size_t count;
	const char *gap;     /* what could not be found, for messages; NULL: the list is complete */
	bool has_no_journal; /* an ext4 without a journal */
};

/*
 * Find the devices of a file system of class FILESYSTEM_DISK or _UNKNOWN; `number` is st_dev of its
 * files. Free them with members_fini(). 0 or -ENOMEM.
 */
int members_find(struct members *members, const struct filesystem *filesystem, dev_t number,
	const char *sysfs);

void members_fini(struct members *members);

#endif
