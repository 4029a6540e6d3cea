/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.h - the mounts that this process sees, from /proc/self/mountinfo
 *
 * The format is that of proc_pid_mountinfo(5). Tests hand in a file of their own.
 */
#ifndef DEVICE_MOUNTS_H
#define DEVICE_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#define MOUNTS_FILE "/proc/thread-self/mountinfo"

/* One line; all strings are its reader's, with escapes (\040 for a space) resolved but in one. */
struct mount {
	int id;
	dev_t device;  /* st_dev of what is in it, except on some file systems: btrfs has several */
	char *point;   /* where it is mounted, as this process sees it */
	char *options; /* of the mount */
	char *type;    /* of the file system: "ext4", "fuse.sshfs" */
	char *source;  /* mostly "/dev/..."; what the file system makes of it */
	char *super_options; /* of the file system, with its escapes: a comma in a value is \054 */
};

typedef int mounts_visit(const struct mount *mount, void *context);

/*
 * Visit each mount, in the order of the file, until `visit` returns something else than 0, which
 * is then returned. Malformed lines are passed over. -errno if there is no such file.
 */
int mounts_each(const char *file, mounts_visit *visit, void *context);

/*
 * Whether a list such as "rw,dax=always" has this option; the value, if it has one, is part of it.
 */
bool mounts_option(const char *options, const char *option);

/*
 * The value of an option "upperdir=...", copied, with escapes resolved; NULL without the option,
 * or without memory.
 */
char *mounts_option_value(const char *options, const char *name);

/* Resolve escapes in place. */
void mounts_resolve(char *text);

#endif
