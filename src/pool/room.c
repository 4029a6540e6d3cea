/* SPDX-License-Identifier: BSD-3-Clause */
/* room.c - find out if a store to a part finds room, even on a full disk */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fiemap.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "pool/part.h"

/* Magic numbers of file systems that write a changed block elsewhere, which needs room. */
static const unsigned moving[] = {
	0x9123683e, /* btrfs */
	0xca451a4e, /* bcachefs */
	0x2fc12fc1, /* zfs */
	0x3434,     /* nilfs2 */
	0xf2f52010, /* f2fs */
	0x24051905, /* ubifs */
	0x72b6,     /* jffs2 */
};

static bool moves_blocks(int fd)
{
	struct statfs found;

	if (fstatfs(fd, &found))
		return true;
	for (size_t i = 0; i < sizeof(moving) / sizeof(*moving); i++)
		if ((unsigned)found.f_type == moving[i])
			return true;
	return false;
}

/*
 * Asks btrfs to write the file in place, by the file's flag FS_NOCOW_FL. If btrfs compresses
 * files, it refuses the flag or ignores it.
 */
void part_stay_in_place(int fd)
{
	int flags;

	if (!moves_blocks(fd) || ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return;
	flags |= FS_NOCOW_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		log_debug("cannot make the file system write a file in place: %m");
}

/* True if another file has some of the same blocks, as after cp --reflink: a store copies them. */
static bool shares_blocks(int fd)
{
	enum { EXTENTS = 32 };
	union {
		struct fiemap head;
		char room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)];
	} map;
	uint64_t next = 0;

	memset(&map, 0, sizeof(map)); /* Valgrind does not know what the kernel fills in */
	for (;;) {
		map.head = (struct fiemap){
			.fm_start = next,
			.fm_length = FIEMAP_MAX_OFFSET - next,
			.fm_extent_count = EXTENTS,
		};
		if (ioctl(fd, FS_IOC_FIEMAP, &map.head) || !map.head.fm_mapped_extents)
			return false;
		const struct fiemap_extent *extent = map.head.fm_extents;
		for (unsigned i = 0; i < map.head.fm_mapped_extents; i++, extent++) {
			if (extent->fe_flags & FIEMAP_EXTENT_SHARED)
				return true;
			if (extent->fe_flags & FIEMAP_EXTENT_LAST)
				return false;
			next = extent->fe_logical + extent->fe_length;
		}
	}
}

/*
 * True if the file system can allocate blocks in advance. The blocks of an open part have already
 * been allocated, so the attempt changes nothing. It is not possible with a descriptor that is
 * open for reading only: then assume true.
 */
static bool can_allocate(const struct part *part)
{
	if ((fcntl(part->fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return true;
	return !fallocate(part->fd, 0, 0, (off_t)part->size);
}

bool part_has_room(const struct part *part)
{
	if (part->device.kind == DEVICE_DAX)
		return true;
	bool has_room = can_allocate(part) && !moves_blocks(part->fd) && !shares_blocks(part->fd);
	if (!has_room)
		log_notice("%s: on a full disk, stores to this file may fail", part->path);
	return has_room;
}
