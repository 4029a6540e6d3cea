/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Undefine _FILE_OFFSET_BITS, which with a 64-bit off_t only renames calls of posix_fallocate in
 * this file to posix_fallocate64. Tools that interpose the function in programs define it by its
 * own name.
 */
#undef _FILE_OFFSET_BITS

#include "map/room.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "base/log.h"

#define BCACHEFS_MAGIC 0xca451a4e
#define ZFS_MAGIC      0x2fc12fc1
#define XFS_MAGIC      0x58465342

/* The file system's magic number; 0 if fstatfs(2) fails. */
static unsigned file_system(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) ? 0 : (unsigned)st.f_type;
}

void room_in_place(int fd)
{
	struct stat st;
	int flags;

	if (file_system(fd) != BTRFS_SUPER_MAGIC || fstat(fd, &st) || st.st_size ||
		ioctl(fd, FS_IOC_GETFLAGS, &flags) || flags & FS_NOCOW_FL)
		return;
	flags = (flags & ~FS_COMPR_FL) | FS_NOCOW_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		log_notice("btrfs refuses to write a file in place: %m");
}

/*
 * True if data and metadata share blocks (mkfs.btrfs --mixed), so that a store in place may find
 * no room for its metadata. True also if this cannot be found out. btrfs has at most four kinds of
 * space.
 */
static bool is_mixed(int fd)
{
	enum { SLOTS = 8 };
	union {
		struct btrfs_ioctl_space_args args;
		char room[sizeof(struct btrfs_ioctl_space_args) +
			  SLOTS * sizeof(struct btrfs_ioctl_space_info)];
	} asked = {.args.space_slots = SLOTS};
	const uint64_t both = BTRFS_BLOCK_GROUP_DATA | BTRFS_BLOCK_GROUP_METADATA;

	if (ioctl(fd, BTRFS_IOC_SPACE_INFO, &asked))
		return true;
	for (uint64_t i = 0; i < asked.args.total_spaces && i < SLOTS; i++)
		if ((asked.args.spaces[i].flags & both) == both)
			return true;
	return false;
}

bool room_is_kept(int fd)
{
	int flags;

	switch (file_system(fd)) {
	case BTRFS_SUPER_MAGIC:
		return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_NOCOW_FL && !is_mixed(fd);
	case BCACHEFS_MAGIC:
	case ZFS_MAGIC:
	case NILFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return false;
	default:
		return true;
	}
}

/*
 * Make an own copy of all blocks that an XFS file shares with others by reflinks, so that later
 * stores need no new blocks. Returns 0 or an errno.
 */
static int unshare_blocks(int fd, size_t length)
{
	if (file_system(fd) != XFS_MAGIC)
		return 0;
	while (fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, (off_t)length))
		if (errno != EINTR)
			return errno == EOPNOTSUPP || errno == EINVAL ? 0 : errno;
	return 0;
}

int room_allocate(int fd, const char *name, size_t length)
{
	int error;

	do
		error = posix_fallocate(fd, 0, (off_t)length);
	while (error == EINTR);
	if (!error)
		error = unshare_blocks(fd, length);
	if (error) {
		errno = error;
		return err_sys("cannot allocate %zu bytes for %s", length, name);
	}
	if (!room_is_kept(fd))
		log_warning(
			"the blocks of %s are allocated, but its file system may write changed data to new ones: on a full disk a store then ends the process with SIGBUS",
			name);
	return 0;
}
