/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.h - what a file descriptor stands for: a regular file or a DAX character device
 *
 * `sysfs` is the root to read from: SYSFS_ROOT, or a recorded tree in tests.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/region.h"

enum device_kind {
	DEVICE_FILE, /* a regular file, on whatever file system */
	DEVICE_DAX,  /* a DAX character device: memory without a file system */
};

struct device {
	enum device_kind kind;
	dev_t number; /* of the device itself, or of the block device under the file system */
	ino_t inode;  /* of a file; 0 for a device */
	/*
	 * The bytes of the file are on another device than the one under its file system: XFS may
	 * have a real-time device, which is known by name only. So nothing is known of them.
	 */
	bool is_elsewhere;
	/* Bytes of a huge page, of which a file of hugetlbfs is made; 0: the machine's pages. */
	size_t huge_page;
};

/* A regular file; `st` is what fstat(2) says of the descriptor. */
struct stat;
struct device device_of_file(int fd, const struct stat *st);

/*
 * PMEM2_E_INVALID_FILE_HANDLE, PMEM2_E_INVALID_FILE_TYPE or -errno, with a sentence. It has the
 * descriptor's number, or `name` where the caller has opened the file and knows its name.
 */
int device_identify(struct device *device, int fd, const char *sysfs);
int device_identify_named(struct device *device, int fd, const char *name, const char *sysfs);

/* Bytes, now. As device_identify(), and PMEM2_E_INVALID_SIZE_FORMAT. */
int device_size(const struct device *device, int fd, const char *sysfs, size_t *size);
int device_size_named(
	const struct device *device, int fd, const char *name, const char *sysfs, size_t *size);

/* `name`, or if that is NULL "file descriptor 3", for messages; `words` is room for it. */
#define DEVICE_FD_NAME 32
const char *device_fd_name(char words[DEVICE_FD_NAME], int fd, const char *name);

/* "a pipe", for messages about files that are of another kind than wanted. */
const char *device_type_name(mode_t mode);

/* The same of a DAX device, which need not be open. */
int device_dax_size(const struct device *device, const char *sysfs, size_t *size);

/*
 * The unit of offsets and lengths, in bytes. PMEM2_E_INVALID_ALIGNMENT_FORMAT or
 * _VALUE, or -errno, with a sentence.
 */
int device_alignment(const struct device *device, const char *sysfs, size_t *alignment);

/* The persistent memory under it, if the kernel knows of any. */
struct region device_region(const struct device *device, const char *sysfs);

/* Visit each region under it: walk_regions() for this device. */
int device_regions(const struct device *device, const char *sysfs, walk_visit *visit, void *context,
	enum walk_cover *cover);

/*
 * The NUMA node whose CPUs are nearest to its memory; -1 if the kernel knows of none.
 *
 * PMEM2_E_DAX_REGION_NOT_FOUND	no persistent memory
 * PMEM2_E_NOSUPP		the kernel does not say, or regions on different nodes
 * -errno			cannot be read; -EBADMSG: is not a number
 */
int device_numa_node(const struct device *device, const char *sysfs, int *node);

/*
 * Whether sysfs does not show the device, or a disk that it is built on, so that nothing can be
 * asked about it: /sys is masked, as in containers, or the disk was unplugged.
 */
bool device_is_hidden(const struct device *device, const char *sysfs);

/* "block device 259:1" or the like, for messages. Returns `name`. */
#define DEVICE_NAME 48
const char *device_name(const struct device *device, char name[DEVICE_NAME]);

#endif
