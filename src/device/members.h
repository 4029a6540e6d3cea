/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * members.h - all block devices that a file system lies on, its journal's included
 *
 * st_dev is one of them at most. Where they are listed depends on the type of file system; what
 * cannot be listed is said.
 */
#ifndef DEVICE_MEMBERS_H
#define DEVICE_MEMBERS_H

#include <stddef.h>
#include <sys/types.h>

#include "device/filesystem.h"

struct members {
	dev_t *list;
	size_t count;
	const char *gap;     /* NULL: these are all; else what cannot be found, for sentences */
	bool has_no_journal; /* ext4 without one */
};

/*
 * Find those of a file system of class FILESYSTEM_DISK or _UNKNOWN; `number` is st_dev of what is
 * on it. Free them with members_fini(). 0 or -ENOMEM.
 */
int members_find(struct members *members, const struct filesystem *filesystem, dev_t number,
	const char *sysfs);

void members_fini(struct members *members);

#endif
