/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name.h - files that have no name until they are complete
 *
 * All functions return -errno with a sentence.
 */
#ifndef POOL_NAME_H
#define POOL_NAME_H

#include <stdbool.h>

/*
 * Make an empty file for reading and writing, as the umask and the directory have it, and return a
 * descriptor. It has no name, or, where the file system cannot do that, *named becomes true and it
 * has this one, which nobody had: -EEXIST.
 */
int name_make(const char *path, bool *named);

/* Is the name free, in a directory that exists? */
bool name_is_free(const char *path);

/* Give it its name. -EEXIST. */
int name_give(int fd, const char *path);

/* Make what happened to the name durable. */
int name_keep(const char *path);

/*
 * The place of an open file's name. Its directories are held open, so that what is removed is the
 * entry that was looked at. If the path names a symbolic link, the link stands in `link_dir`.
 */
struct name_place {
	int dir, link_dir; /* -1: not held */
	char *last, *link_last;
};

#define NAME_NOWHERE ((struct name_place){.dir = -1, .link_dir = -1})

/*
 * Find the place, and check that the name may be removed. -ENOENT if it is another file's now;
 * -EACCES, -EROFS and so on. Holds nothing after a failure.
 */
int name_find(struct name_place *place, int fd, const char *path);

/* Remove the name, and then the link, if it still is that of this file. */
int name_remove(const struct name_place *place, int fd, const char *path);

void name_leave(struct name_place *place);

/* All three. */
int name_take(int fd, const char *path);

#endif
