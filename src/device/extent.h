/* SPDX-License-Identifier: BSD-3-Clause */
/* extent.h - where on its disk a file lies */
#ifndef DEVICE_EXTENT_H
#define DEVICE_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
	uint64_t logical;  /* offset in the file */
	uint64_t physical; /* offset in the block device under its file system */
	uint64_t length;
	bool is_placed; /* false: `physical` says nothing (compressed, inline, not yet allocated) */
};

struct extents {
	struct extent *list; /* in the order of the file */
	size_t count;
};

/*
 * All extents of the file, as they were at one moment: of a file that is written to meanwhile, too,
 * no mixture of before and after. Free them with extents_fini(). 0 or -errno with a sentence:
 * -EOPNOTSUPP where the file system does not tell, -EAGAIN where they change faster than they can
 * be read.
 */
int extents_read(struct extents *extents, int fd);

void extents_fini(struct extents *extents);

bool extents_equal(const struct extents *a, const struct extents *b);

/* Whether the file is on an XFS real-time device, which is not the one under its file system. */
bool extents_are_elsewhere(int fd);

#endif
