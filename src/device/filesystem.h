/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filesystem.h - find the file system of a file descriptor, its type and its mount
 *
 * A file system is looked up in the kernel's list of mounts; if the list does not have it (a
 * memfd, no /proc), by the magic number of statfs(2).
 */
#ifndef DEVICE_FILESYSTEM_H
#define DEVICE_FILESYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

/* The kind of place where a type of file system keeps its data. */
enum filesystem_class {
	FILESYSTEM_UNKNOWN, /* a type that the library does not know */
	FILESYSTEM_DISK,    /* keeps data on block devices of this machine */
	FILESYSTEM_RAM,     /* keeps data in the main memory of this machine */
	FILESYSTEM_KERNEL,  /* keeps no data: the kernel generates the contents of its files */
	FILESYSTEM_NETWORK, /* keeps data on a server */
	FILESYSTEM_HOST,    /* keeps data at the host of this virtual machine */
	FILESYSTEM_DAEMON,  /* gets its data from a program (FUSE) */
	FILESYSTEM_LAYERED, /* keeps data in another file system of this machine */
};

struct filesystem {
	enum filesystem_class class;
	bool can_sync; /* this type accepts MAP_SYNC if storage and mount options do, too */
	bool read_only;
	int mount; /* id of the mount in /proc/self/mountinfo; -1: not known */
	/* NULL: not known */
	char *type, *point, *source;
	char *options; /* as in mountinfo, which has \040 for a space: see mounts_option_value() */
};

/*
 * Find the file system of a descriptor, which may be O_PATH. Free the result with
 * filesystem_fini(). Returns 0; -ENOMEM; or, if even statfs(2) fails, -errno with a message.
 */
int filesystem_of(struct filesystem *filesystem, int fd, const char *mountinfo);

/*
 * Find the file system with this device number, by its first mount. Returns -ENOENT, without a
 * message, if it is not mounted.
 */
int filesystem_of_device(struct filesystem *filesystem, dev_t device, const char *mountinfo);

/* Describe the file system of one mount. Returns 0, or -ENOMEM with a message. */
struct mount;
int filesystem_of_mount(struct filesystem *filesystem, const struct mount *mount);

/*
 * Returns true if the descriptor was opened on this mount, not on another mount of the same file
 * system; false also if the mount is unknown.
 */
bool filesystem_is_mount(const struct filesystem *filesystem, int fd);

void filesystem_fini(struct filesystem *filesystem);

/*
 * Returns the block device that a file with this st_dev is on; 0 if it is on no block device.
 * btrfs and other file systems make up numbers for st_dev: then the device is the source of the
 * mount.
 */
dev_t filesystem_disk(const struct filesystem *filesystem, dev_t number);

/*
 * Flags of a file that chattr(1) sets: with +i nothing can be stored, with +a data can only be
 * appended.
 */
struct filesystem_locks {
	bool is_immutable, is_append_only;
};
struct filesystem_locks filesystem_locks(int fd);

/*
 * Return 1 if a file or directory is marked for DAX (chattr +x), 0 if it is not, -1 if that is
 * unknown.
 */
int filesystem_file_is_dax(int fd);
int filesystem_directory_is_dax(int fd);

#endif
