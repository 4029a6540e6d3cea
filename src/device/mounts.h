/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.h - read the mounts that this process sees, from mountinfo in /proc
 *
 * proc_pid_mountinfo(5) describes the format of this file. Tests use a file of their own.
 */
#ifndef DEVICE_MOUNTS_H
#define DEVICE_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#define MOUNTS_FILE "/proc/thread-self/mountinfo"

/*
 * One line of the list of mounts. Strings are valid only while the line is visited. Escapes (\040
 * is a space) are replaced in all strings but super_options.
 */
struct mount {
	int id;
	dev_t device;        /* st_dev of files in the mount; on btrfs and others, st_dev differs */
	char *point;         /* the mount point, as this process sees it */
	char *options;       /* options of the mount */
	char *type;          /* type of file system: "ext4", "fuse.sshfs" */
	char *source;        /* usually "/dev/..."; depends on the file system */
	char *super_options; /* options of the file system, not unescaped: \054 is a comma */
};

typedef int mounts_visit(const struct mount *mount, void *context);

/*
 * Visit each mount, in the order of the file. If a call of `visit` returns a value other than 0,
 * the visit ends and returns this value. Malformed lines are skipped. Returns -errno if the file
 * cannot be opened.
 */
int mounts_each(const char *file, mounts_visit *visit, void *context);

/*
 * Returns true if a list of options such as "rw,dax=always" has this option; `option` includes the
 * option's value, if it has one.
 */
bool mounts_option(const char *options, const char *option);

/*
 * Returns a copy of the value of an option, such as that of "upperdir=...", with escapes replaced.
 * NULL if the list does not have the option, or if there is no memory. The caller frees it.
 */
char *mounts_option_value(const char *options, const char *name);

/* Replace escapes (\ooo) by their characters, in place. */
void mounts_resolve(char *text);

#endif
