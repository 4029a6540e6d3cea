/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filesystem.h - which file system a descriptor is on, and what that can be trusted with
 *
 * The kernel's list of mounts names it; where it is not listed (a memfd, no /proc) the magic
 * number of statfs(2) does.
 */
#ifndef DEVICE_FILESYSTEM_H
#define DEVICE_FILESYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

/* The keeper of the data. */
enum filesystem_class {
	FILESYSTEM_UNKNOWN, /* a type that is not in our table */
	FILESYSTEM_DISK,    /* block devices of this machine */
	FILESYSTEM_RAM,     /* its main memory */
	FILESYSTEM_KERNEL,  /* nobody: the kernel makes the contents up */
	FILESYSTEM_NETWORK, /* a server */
	FILESYSTEM_HOST,    /* the host of this virtual machine */
	FILESYSTEM_DAEMON,  /* a program (FUSE) */
	FILESYSTEM_LAYERED, /* another file system of this machine */
};

struct filesystem {
	enum filesystem_class class;
	bool can_sync; /* this type accepts MAP_SYNC, given the storage and the options */
	bool read_only;
	int mount; /* the number of the mount; -1: not known */
	/* NULL: not known */
	char *type, *point, *source;
	char *options; /* with the escapes of mountinfo: see mounts_option_value() */
};

/*
 * Of a descriptor, O_PATH ones included; free it with filesystem_fini(). -errno with a sentence,
 * if even statfs(2) does not answer, or -ENOMEM.
 */
int filesystem_of(struct filesystem *filesystem, int fd, const char *mountinfo);

/* The first mount of a device number; -ENOENT, without a sentence, if it is not mounted. */
int filesystem_of_device(struct filesystem *filesystem, dev_t device, const char *mountinfo);

/* The file system of one mount. 0 or -ENOMEM with a sentence. */
struct mount;
int filesystem_of_mount(struct filesystem *filesystem, const struct mount *mount);

/* Whether a descriptor is on this very mount; false also where that cannot be told. */
bool filesystem_is_mount(const struct filesystem *filesystem, int fd);

void filesystem_fini(struct filesystem *filesystem);

/*
 * The block device of what fstat(2) says is on device `number`; 0 without one. btrfs and
 * others make numbers up: then the source of the mount tells.
 */
dev_t filesystem_disk(const struct filesystem *filesystem, dev_t number);

/* Locks that chattr(1) has set: nothing may be stored at all, or at the end only. */
struct filesystem_locks {
	bool is_immutable, is_append_only;
};
struct filesystem_locks filesystem_locks(int fd);

/* Whether its directories and files are marked for DAX; -1: the kernel does not say. */
int filesystem_file_is_dax(int fd);
int filesystem_directory_is_dax(int fd);

#endif
