/* SPDX-License-Identifier: BSD-3-Clause */
/* file_id.h - the identity of a file, independent of its names */
#ifndef MAP_FILE_ID_H
#define MAP_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The device and inode numbers of a file, as in fstat(2) or /proc/PID/maps. Both are 0 for an
 * unknown file.
 */
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

/*
 * The two identities of one file. They differ on btrfs, where fstat(2) has a device number for
 * each subvolume, and on overlay file systems. An identity of one kind says nothing about the
 * other kind.
 */
struct file_ids {
	struct file_id stat;   /* from fstat(2) */
	struct file_id listed; /* from /proc/PID/maps */
};

/* Compare the identities of two files. False if the files are known to be different. */
static inline bool file_ids_may_be_one(const struct file_ids *ids, const struct file_ids *other)
{
	if (file_id_is_known(ids->stat) && file_id_is_known(other->stat))
		return file_id_equals(ids->stat, other->stat);
	if (file_id_is_known(ids->listed) && file_id_is_known(other->listed))
		return file_id_equals(ids->listed, other->listed);
	return true;
}

#endif
