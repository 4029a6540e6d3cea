/* SPDX-License-Identifier: BSD-3-Clause */
/* extent.h - the extents of a file: where its bytes lie on the disk */
#ifndef DEVICE_EXTENT_H
#define DEVICE_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
	uint64_t logical;  /* offset in the file */
	uint64_t physical; /* offset in the block device that the file system is on */
	uint64_t length;
	bool is_placed; /* false: ignore `physical` (compressed, inline or unallocated data) */
};

struct extents {
	struct extent *list; /* sorted by offset in the file */
	size_t count;
};

/*
 * Read all extents of the file, as they are at one moment, even if the file is written to during
 * the call. Free them with extents_fini(). Returns 0, or -errno with a message: -EOPNOTSUPP if the
 * file system does not report extents, -EAGAIN if they change faster than they can be read.
 */
int extents_read(struct extents *extents, int fd);

void extents_fini(struct extents *extents);

bool extents_equal(const struct extents *a, const struct extents *b);

/*
 * Returns true if the bytes of the file are on the real-time device of an XFS, not on the file
 * system's main device.
 */
bool extents_are_elsewhere(int fd);

#endif
