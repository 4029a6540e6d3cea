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

/* Give it its name. -EEXIST. */
int name_give(int fd, const char *path);

/* Make what happened to the name durable. */
int name_keep(const char *path);

/* Remove the name if it still is that of this file. */
int name_take(int fd, const char *path);

#endif
