/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sysfs.h - read attributes below a sysfs root
 *
 * Directories are opened relative to a descriptor, parents as "..", so that no path has to be
 * built, and a recorded tree can be used instead of /sys. All descriptors are O_PATH: opening one
 * has no effect on the device. Functions return 0 or -errno and set no message: only the caller
 * knows if a missing attribute is an error.
 */
#ifndef DEVICE_SYSFS_H
#define DEVICE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SYSFS_ROOT "/sys"

/*
 * Size in bytes of a buffer for a short attribute. All short attributes that the library reads fit
 * into it.
 */
#define SYSFS_VALUE 64

/*
 * Open a device's directory by its number; `type` is "char" or "block". Returns a descriptor. If
 * /sys/dev/block or /sys/dev/char is masked, as podman does, the number is looked up among all
 * block or DAX devices.
 */
int sysfs_device_open(const char *root, const char *type, dev_t number);

/*
 * Open the parent directory of `dir`, which stays open. Returns a descriptor, or -ENOENT if `dir`
 * is the root of sysfs.
 */
int sysfs_parent_open(const char *root, int dir);

/* Read an attribute's text without its newline. Returns -EMSGSIZE if the text does not fit. */
int sysfs_read(int dir, const char *attribute, char value[SYSFS_VALUE]);

/* Read an attribute that is one decimal number. Returns -EBADMSG if it is anything else. */
int sysfs_read_number(int dir, const char *attribute, uint64_t *number);

/* Read an attribute that is a number and may be negative, such as the number of a NUMA node. */
int sysfs_read_int(int dir, const char *attribute, int *number);

/* Read an attribute that is a physical address, which the kernel shows as 0x... */
int sysfs_read_address(int dir, const char *attribute, uint64_t *address);

/* Read an attribute that is a device's number, "259:1". */
int sysfs_read_device(int dir, const char *attribute, dev_t *number);

/*
 * Read an attribute of any length, unchanged. The caller frees *text. Returns -EMSGSIZE if it has
 * more than SYSFS_TEXT bytes, which no attribute has.
 */
#define SYSFS_TEXT ((size_t)128 << 10)
int sysfs_read_text(int dir, const char *attribute, char **text);

/*
 * Write to an existing attribute. Returns -EIO if only a part of the text was written.
 */
int sysfs_write(int dir, const char *attribute, const char *text);

/* Get the name of the directory itself, such as "region0". */
#define SYSFS_NAME 64
int sysfs_name(int dir, char name[SYSFS_NAME]);

/*
 * Call `visit` for each entry, in the order of the kernel, of a directory below `dir` ("." for
 * `dir` itself). Entries that begin with a dot are left out. If a call returns a value other than
 * 0, the visit ends and returns this value. Returns -errno if there is no such directory, so
 * `visit` should return only positive numbers.
 */
typedef int sysfs_visit(int dir, const char *name, void *context);
int sysfs_each(int dir, const char *below, sysfs_visit *visit, void *context);

/*
 * Get the last name in the target of a symbolic link, such as "virtio_blk" for the link "driver".
 */
int sysfs_link(int dir, const char *link, char name[SYSFS_NAME]);

/* True if the directory's link "subsystem" points to a subsystem of that name. */
bool sysfs_subsystem_is(int dir, const char *name);

/* Returns true if the directory has an entry of that name, whether it is readable or not. */
bool sysfs_has(int dir, const char *name);

#endif
