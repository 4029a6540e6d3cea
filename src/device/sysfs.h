/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sysfs.h - read attributes below a sysfs root
 *
 * Directories are walked by descriptor, upwards with "..", so that no path has to be built and a
 * recorded tree serves as well as /sys. All descriptors are O_PATH: opening one has no effect on
 * the device. Functions return 0 or -errno and leave no sentence: whether an attribute that is
 * missing matters is for the caller to say.
 */
#ifndef DEVICE_SYSFS_H
#define DEVICE_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SYSFS_ROOT "/sys"

/* The longest attribute that we read; a longer one is not one of those that we know. */
#define SYSFS_VALUE 64

/*
 * A device's directory, by its number: `type` is "char" or "block". Returns a descriptor. Where
 * /sys/dev/block or /sys/dev/char is masked, as podman does it, the number is looked for among all
 * block or DAX devices.
 */
int sysfs_device_open(const char *root, const char *type, dev_t number);

/* The directory above, or -ENOENT at the root. Returns a descriptor; `dir` stays open. */
int sysfs_parent_open(const char *root, int dir);

/* An attribute's text without its newline. -EMSGSIZE if it is longer than SYSFS_VALUE. */
int sysfs_read(int dir, const char *attribute, char value[SYSFS_VALUE]);

/* An attribute that is one decimal number and nothing else; -EBADMSG otherwise. */
int sysfs_read_number(int dir, const char *attribute, uint64_t *number);

/* The same of a number that may be negative, as that of a NUMA node. */
int sysfs_read_int(int dir, const char *attribute, int *number);

/* The same of a physical address, which the kernel shows as 0x... */
int sysfs_read_address(int dir, const char *attribute, uint64_t *address);

/* The same of a device's number, "259:1". */
int sysfs_read_device(int dir, const char *attribute, dev_t *number);

/*
 * An attribute of any length, as it is; the caller frees *text. -EMSGSIZE above SYSFS_TEXT bytes,
 * which is more than an attribute can have.
 */
#define SYSFS_TEXT ((size_t)128 << 10)
int sysfs_read_text(int dir, const char *attribute, char **text);

/*
 * Write to an attribute that is there; a write that takes only a part of the text is -EIO.
 */
int sysfs_write(int dir, const char *attribute, const char *text);

/* The directory's own name, such as "region0". */
#define SYSFS_NAME 64
int sysfs_name(int dir, char name[SYSFS_NAME]);

/*
 * Call for each entry of a directory below `dir` ("." for itself) that does not begin with a dot,
 * in the order of the kernel, until `visit` returns something else than 0, which is then returned.
 * -errno if there is no such directory; what `visit` returns should be told apart from it.
 */
typedef int sysfs_visit(int dir, const char *name, void *context);
int sysfs_each(int dir, const char *below, sysfs_visit *visit, void *context);

/* The last name that a link of the directory points to: "virtio_blk" of its "driver". */
int sysfs_link(int dir, const char *link, char name[SYSFS_NAME]);

/* Whether the directory's "subsystem" link points to one of that name. */
bool sysfs_subsystem_is(int dir, const char *name);

/* Whether the directory has an entry of that name, readable or not. */
bool sysfs_has(int dir, const char *name);

#endif
