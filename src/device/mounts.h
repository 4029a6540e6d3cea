/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.h - read the mounts that this process sees, from mountinfo in /proc
 *
 * The format is that of proc_pid_mountinfo(5). Tests pass another file.
 */
#ifndef DEVICE_MOUNTS_H
#define DEVICE_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#define MOUNTS_FILE "/proc/thread-self/mountinfo"

/*
 * One line of the list. Strings are valid during the visit. Escapes (\040 is a space) are resolved
 * unless noted.
 */
struct mount {
	int id;
	dev_t device;  /* st_dev of its files, except on some file systems: btrfs has several */
	char *point;   /* where it is mounted, as this process sees it */
	char *options; /* options of the mount */
	char *type;    /* type of file system: "ext4", "fuse.sshfs" */
	char *source;  /* usually "/dev/..."; depends on the file system */
	char *super_options; /* options of the file system, not unescaped: \054 is a comma */
};

typedef int mounts_visit(const struct mount *mount, void *context);

/*
 * Visit each mount, in the order of the file, until `visit` returns a value other than 0, which is
 * then returned. Malformed lines are skipped. -errno if the file cannot be opened.
 */
int mounts_each(const char *file, mounts_visit *visit, void *context);

/*
 * True if a list such as "rw,dax=always" has this option; `option` includes the value, if any.
 */
bool mounts_option(const char *options, const char *option);

/*
 * A copy of the value of an option, such as "upperdir=...", with escapes resolved; NULL if the list
 * lacks the option, or without memory. The caller frees it.
 */
char *mounts_option_value(const char *options, const char *name);

/* Replace escapes (\ooo) by their characters, in place. */
void mounts_resolve(char *text);

#endif
