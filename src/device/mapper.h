/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapper.h - find out if a device-mapper device keeps what is stored to it, by the types of the
 * targets in its table
 *
 * Only root can read tables, and only if /dev/mapper/control is visible. Only the types of targets
 * are read, without their parameters, which may contain keys. A table with snapshots, however, is
 * read whole, because only the parameters tell if the snapshots are persistent.
 */
#ifndef DEVICE_MAPPER_H
#define DEVICE_MAPPER_H

#include <stdbool.h>
#include <stddef.h>

#include "libpmem2/explain.h"

struct mapper {
	bool is_told; /* the table was read; if not, ignore the other members */
	/* the table has a target of type crypt: without its key the data is lost */
	bool is_encrypted;
	bool has_snapshot; /* the table has a target of type snapshot */
	/* does data survive? the answer for the worst of the targets */
	enum holdfast_survival survival;
	const char *kind;     /* text behind "device-mapper device dm-0, ", static */
	const char *evidence; /* how it is known if data survives; no full stop; static text */
};

/*
 * Read the table of the device whose sysfs directory is `dir`. In a recorded sysfs tree, no table
 * is read.
 */
struct mapper mapper_read(int dir);

/*
 * Parse a reply to DM_TABLE_STATUS: a struct dm_ioctl followed by the targets, `size` bytes in
 * all, aligned. `is_whole`: the reply has the targets' parameters.
 */
struct mapper mapper_parse(const void *answer, size_t size, bool is_whole);

#endif
