/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name.h - files that get their names only when they are complete
 *
 * All functions return -errno with an error message.
 */
#ifndef POOL_NAME_H
#define POOL_NAME_H

#include <stdbool.h>

/*
 * Make an empty file for reading and writing, with the permissions that the umask and the
 * directory give, and return a descriptor. The file has no name. If the file system cannot make a
 * file without a name, the file gets the name `path` at once and *named becomes true; -EEXIST if
 * that name is taken.
 */
int name_make(const char *path, bool *named);

/* True if the name is free and its directory exists. */
bool name_is_free(const char *path);

/* Give a file without a name the name `path`. -EEXIST if that name is taken. */
int name_give(int fd, const char *path);

/* Make a change of this name durable: writes back its directory. */
int name_keep(const char *path);

/*
 * The location of an open file's name. The directories are kept open, so that the entry that is
 * removed is the one that was checked. If the path is a symbolic link, `link_dir` contains the
 * link.
 */
struct name_place {
	int dir, link_dir; /* descriptors; -1: not open */
	char *last, *link_last;
};

#define NAME_NOWHERE ((struct name_place){.dir = -1, .link_dir = -1})

/*
 * Find the location, and check that the name may be removed. -ENOENT if the name belongs to
 * another file now; -EACCES, -EROFS and so on if it may not be removed. Keeps nothing open after a
 * failure.
 */
int name_find(struct name_place *place, int fd, const char *path);

/* Remove the name, and then the symbolic link, if the name is still this file's. */
int name_remove(const struct name_place *place, int fd, const char *path);

void name_leave(struct name_place *place);

/* Find the location, remove the name and close the directories: does all three steps. */
int name_take(int fd, const char *path);

#endif
