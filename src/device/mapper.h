/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapper.h - what the table of a device-mapper device does with what is stored to it
 *
 * Only root is told, and only where /dev/mapper/control is to be seen. Tables are asked for by type
 * alone, without their parameters, which may be keys; a table with snapshots is asked for whole, as
 * nothing else tells whether these are persistent.
 */
#ifndef DEVICE_MAPPER_H
#define DEVICE_MAPPER_H

#include <stdbool.h>
#include <stddef.h>

#include "libpmem2/explain.h"

struct mapper {
	bool is_told;                    /* else the rest means nothing */
	bool is_encrypted;               /* one of its targets is crypt: the key decides, too */
	bool has_snapshot;               /* one of its targets is snapshot */
	enum holdfast_survival survival; /* of the weakest target, of static storage as all text: */
	const char *kind;                /* completes "device-mapper device dm-0, " */
	const char *evidence;            /* a sentence without a full stop */
};

/* Ask the kernel about the device with this directory, if that is one of the real sysfs. */
struct mapper mapper_read(int dir);

/*
 * Read an answer of DM_TABLE_STATUS, a struct dm_ioctl and its targets in `size` bytes that are
 * aligned for it. If `is_whole`, the targets have their parameters.
 */
struct mapper mapper_parse(const void *answer, size_t size, bool is_whole);

#endif
