/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/map_sync.h"

#include <errno.h>
#include <string.h>

#include "device/mounts.h"

/*
 * Find a mount option because of which the kernel refuses MAP_SYNC. ext4 and xfs show dax (before
 * Linux 5.8), or dax=always, dax=never or dax=inode; without such an option, dax=inode is in
 * effect.
 */
static enum holdfast_obstacle obstacle_in_mount(const struct facts *facts)
{
	const char *options = facts->filesystem.options;

	if (mounts_option(options, "dax=always") || mounts_option(options, "dax"))
		return HOLDFAST_OBSTACLE_NONE;
	if (mounts_option(options, "dax=never"))
		return HOLDFAST_OBSTACLE_MOUNT;
	if (facts->marked < 0) /* before Linux 5.8, files had no DAX marks */
		return facts->kernel < FACTS_KERNEL(5, 8, 0) ? HOLDFAST_OBSTACLE_MOUNT
							     : HOLDFAST_OBSTACLE_UNKNOWN;
	return facts->marked ? HOLDFAST_OBSTACLE_NONE : HOLDFAST_OBSTACLE_FILE;
}

/*
 * Returns 1 if a file system of this type accepts MAP_SYNC on suitable storage, 0 if it does not,
 * -1 if that is unknown.
 */
static int file_system_can(const struct facts *facts)
{
	const struct filesystem *filesystem = &facts->filesystem;

	if (!facts->has_filesystem)
		return facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE ? 1 : -1;
	if (filesystem->can_sync || facts->is_ext2_by_ext4)
		return 1;
	if (filesystem->class == FILESYSTEM_UNKNOWN)
		return -1;
	/* The driver of ext4 may have mounted this ext2. sysfs would tell, but sysfs is hidden. */
	return facts->regions.is_hidden && filesystem->type && !strcmp(filesystem->type, "ext2")
		       ? -1
		       : 0;
}

/*
 * Find the reason for which MAP_SYNC is refused, beginning with the storage. For a block device,
 * assume that it gets a file system that accepts MAP_SYNC.
 */
static enum holdfast_obstacle find_obstacle(const struct facts *facts)
{
	const struct region *region = &facts->regions.all;

	int can = file_system_can(facts);

	if (can <= 0)
		return can < 0 ? HOLDFAST_OBSTACLE_UNKNOWN : HOLDFAST_OBSTACLE_FILE_SYSTEM;
	if (facts->regions.is_hidden)
		return HOLDFAST_OBSTACLE_UNKNOWN;
	if (!region->found || region->is_volatile)
		return HOLDFAST_OBSTACLE_STORAGE;
	if (region->flushed_by_host)
		return HOLDFAST_OBSTACLE_HOST;
	if (facts->disk_is_dax < 0 && facts->disk_is_dax != -ENOENT)
		return HOLDFAST_OBSTACLE_UNKNOWN;
	if (facts->disk_is_dax <= 0)
		return HOLDFAST_OBSTACLE_BLOCK_DAX;
	if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE)
		return HOLDFAST_OBSTACLE_NONE;
	return obstacle_in_mount(facts);
}

struct map_sync map_sync_judge(const struct facts *facts)
{
	struct map_sync sync = {
		.map_sync = HOLDFAST_MAP_SYNC_UNIMPORTANT, .obstacle = HOLDFAST_OBSTACLE_NONE};

	if (facts->object == HOLDFAST_OBJECT_DAX_DEVICE ||
		facts->object == HOLDFAST_OBJECT_ANONYMOUS ||
		(facts->is_map && facts->got.reason == HOLDFAST_REASON_NOT_SHARED))
		return sync;
	if (facts->trial == FACTS_SYNC_ACCEPTED)
		return (struct map_sync){HOLDFAST_MAP_SYNC_ACCEPTED, HOLDFAST_OBSTACLE_NONE, true};
	sync.obstacle = find_obstacle(facts);
	if (facts->trial == FACTS_SYNC_REFUSED) {
		sync.map_sync = HOLDFAST_MAP_SYNC_REFUSED;
		if (sync.obstacle == HOLDFAST_OBSTACLE_NONE)
			sync.obstacle = HOLDFAST_OBSTACLE_UNKNOWN;
		return sync;
	}
	sync.accepted = sync.obstacle == HOLDFAST_OBSTACLE_NONE;
	sync.map_sync = sync.accepted ? HOLDFAST_MAP_SYNC_WOULD_ACCEPT
			: sync.obstacle == HOLDFAST_OBSTACLE_UNKNOWN
				? HOLDFAST_MAP_SYNC_UNKNOWN
				: HOLDFAST_MAP_SYNC_WOULD_REFUSE;
	return sync;
}
