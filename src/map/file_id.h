/* SPDX-License-Identifier: BSD-3-Clause */
/* file_id.h - a file, whatever its names are */
#ifndef MAP_FILE_ID_H
#define MAP_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>

/* As fstat(2) or /proc/PID/maps has it; both 0 stand for a file that is not known. */
struct file_id {
	uint64_t device, inode;
};

static inline bool file_id_is_known(struct file_id id)
{
	return id.device || id.inode;
}

static inline bool file_id_equals(struct file_id id, struct file_id other)
{
	return id.device == other.device && id.inode == other.inode;
}

#endif
