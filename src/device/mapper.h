/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapper.h - does a device-mapper device keep what is stored to it? By the types in its table
 *
 * Only root can read tables, and only if /dev/mapper/control is visible. Only the types of targets
 * are read, without their parameters, which may contain keys. But a table with snapshots is read
 * whole, because only its parameters tell if the snapshots are persistent.
 */
#ifndef DEVICE_MAPPER_H
#define DEVICE_MAPPER_H

#include <stdbool.h>
#include <stddef.h>

#include "libpmem2/explain.h"

struct mapper {
	bool is_told;                    /* the table was read; if false, the rest means nothing */
	bool is_encrypted;               /* a target is crypt: if the key is lost, so is the data */
	bool has_snapshot;               /* a target is snapshot */
	enum holdfast_survival survival; /* that of the weakest target; static texts follow: */
	const char *kind;                /* completes "device-mapper device dm-0, ..." */
	const char *evidence;            /* how the survival is known, without a full stop */
};

/* Read the table of the device with this sysfs directory; not read for a recorded sysfs tree. */
struct mapper mapper_read(int dir);

/*
 * Parse an answer of DM_TABLE_STATUS: a struct dm_ioctl and its targets, in `size` aligned bytes.
 * `is_whole`: the targets have their parameters.
 */
struct mapper mapper_parse(const void *answer, size_t size, bool is_whole);

#endif
