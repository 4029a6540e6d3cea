/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.h - find out what a file descriptor refers to: a regular file or a DAX character device
 *
 * The parameter `sysfs` is the directory to read sysfs from: SYSFS_ROOT, or a recorded tree in
 * tests.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/region.h"

enum device_kind {
	DEVICE_FILE, /* a regular file, on any file system */
	DEVICE_DAX,  /* a DAX character device: memory without a file system */
};

struct device {
	enum device_kind kind;
	dev_t number; /* number of the DAX device, or st_dev of the file */
	ino_t inode;  /* inode number of a file; 0 for a device */
	/*
	 * True if the bytes of the file are on another device than `number`: on the real-time
	 * device that an XFS may have. The kernel only tells the name of that device, so nothing
	 * is known about the storage of these bytes.
	 */
	bool is_elsewhere;
	/*
	 * Size of the huge pages of a file of hugetlbfs, in bytes; 0 for files with pages of the
	 * usual size.
	 */
	size_t huge_page;
};

/* Describe a regular file. `st` is the result of fstat(2) for `fd`. */
struct stat;
struct device device_of_file(int fd, const struct stat *st);

/*
 * Find out what a descriptor refers to. Returns 0; or PMEM2_E_INVALID_FILE_HANDLE,
 * PMEM2_E_INVALID_FILE_TYPE or -errno with a message. The message names the file `name` if the
 * caller has opened the file by that name, otherwise it has the descriptor's number.
 */
int device_identify(struct device *device, int fd, const char *sysfs);
int device_identify_named(struct device *device, int fd, const char *name, const char *sysfs);

/*
 * Get the present size in bytes. Returns 0, an error of device_identify(), or
 * PMEM2_E_INVALID_SIZE_FORMAT.
 */
int device_size(const struct device *device, int fd, const char *sysfs, size_t *size);
int device_size_named(
	const struct device *device, int fd, const char *name, const char *sysfs, size_t *size);

/*
 * Returns a name for error messages: `name`, or if that is NULL "file descriptor 3" or the like,
 * which is written to `words`.
 */
#define DEVICE_FD_NAME 32
const char *device_fd_name(char words[DEVICE_FD_NAME], int fd, const char *name);

/*
 * Returns the type of a file in words, such as "a pipe", for messages about files of a wrong type.
 */
const char *device_type_name(mode_t mode);

/* Get the size in bytes of a DAX device, which need not be open. */
int device_dax_size(const struct device *device, const char *sysfs, size_t *size);

/*
 * Get the number of bytes that offsets and lengths in the device must be multiples of. Returns 0,
 * PMEM2_E_INVALID_ALIGNMENT_FORMAT, PMEM2_E_INVALID_ALIGNMENT_VALUE or -errno, with a message.
 */
int device_alignment(const struct device *device, const char *sysfs, size_t *alignment);

/* Returns facts about the persistent memory under the device, if the kernel knows any there. */
struct region device_region(const struct device *device, const char *sysfs);

/* Call `visit` for each region of persistent memory under the device (see walk_regions()). */
int device_regions(const struct device *device, const char *sysfs, walk_visit *visit, void *context,
	enum walk_cover *cover);

/*
 * Get the NUMA node whose CPUs are nearest to the device's memory; -1 if the kernel does not know
 * one.
 *
 * PMEM2_E_DAX_REGION_NOT_FOUND	the device is not on persistent memory
 * PMEM2_E_NOSUPP		the kernel does not say, or regions on different nodes
 * -errno			the node cannot be read; -EBADMSG: it is not a number
 */
int device_numa_node(const struct device *device, const char *sysfs, int *node);

/*
 * Returns true if sysfs does not show the device, or does not show a disk that the device is built
 * on: /sys is masked, as in containers, or the disk was unplugged. Then nothing can be found out
 * about the device.
 */
bool device_is_hidden(const struct device *device, const char *sysfs);

/* Write "block device 259:1" or the like to `name`, for messages. Returns `name`. */
#define DEVICE_NAME 48
const char *device_name(const struct device *device, char name[DEVICE_NAME]);

#endif
