/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filesystem.h - find the file system of a descriptor, its type and its mount
 *
 * It is looked up in the kernel's list of mounts; if it is not listed (a memfd, no /proc), by the
 * magic number of statfs(2).
 */
#ifndef DEVICE_FILESYSTEM_H
#define DEVICE_FILESYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

/* The class of a type of file system: the place that keeps its data. */
enum filesystem_class {
	FILESYSTEM_UNKNOWN, /* a type that is not in our table */
	FILESYSTEM_DISK,    /* block devices of this machine */
	FILESYSTEM_RAM,     /* the main memory of this machine */
	FILESYSTEM_KERNEL,  /* nothing: the kernel generates the contents */
	FILESYSTEM_NETWORK, /* a server */
	FILESYSTEM_HOST,    /* the host of this virtual machine */
	FILESYSTEM_DAEMON,  /* a program (FUSE) */
	FILESYSTEM_LAYERED, /* another file system of this machine */
};

struct filesystem {
	enum filesystem_class class;
	bool can_sync; /* this type accepts MAP_SYNC, given the storage and the options */
	bool read_only;
	int mount; /* id of the mount in mountinfo; -1: not known */
	/* NULL: not known */
	char *type, *point, *source;
	char *options; /* with the escapes of mountinfo: see mounts_option_value() */
};

/*
 * Find the file system of a descriptor, which may be O_PATH; free it with filesystem_fini().
 * Returns 0, or -errno with a message if even statfs(2) fails, or -ENOMEM.
 */
int filesystem_of(struct filesystem *filesystem, int fd, const char *mountinfo);

/* Find the first mount of a device number; -ENOENT, without a message, if it is not mounted. */
int filesystem_of_device(struct filesystem *filesystem, dev_t device, const char *mountinfo);

/* Fill in the file system of one mount. 0, or -ENOMEM with a message. */
struct mount;
int filesystem_of_mount(struct filesystem *filesystem, const struct mount *mount);

/* True if the descriptor is on this very mount; false also if that is unknown. */
bool filesystem_is_mount(const struct filesystem *filesystem, int fd);

void filesystem_fini(struct filesystem *filesystem);

/*
 * The block device under a file whose st_dev is `number`; 0 without such a device. btrfs and others
 * invent numbers: then it is taken from the source of the mount.
 */
dev_t filesystem_disk(const struct filesystem *filesystem, dev_t number);

/* Flags that chattr(1) sets: +i, no stores at all; +a, appending only. */
struct filesystem_locks {
	bool is_immutable, is_append_only;
};
struct filesystem_locks filesystem_locks(int fd);

/* 1 if a file or directory is marked for DAX (chattr +x), 0 if not, -1 if unknown. */
int filesystem_file_is_dax(int fd);
int filesystem_directory_is_dax(int fd);

#endif
