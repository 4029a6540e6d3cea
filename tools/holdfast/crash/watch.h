/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.h - functions that only watch.c and watched.c call */
#ifndef TOOLS_HOLDFAST_CRASH_WATCH_H
#define TOOLS_HOLDFAST_CRASH_WATCH_H

#include "command.h"

struct dirent;

/* Reports that there is no room for this file or directory; returns the exit status. */
int watch_no_room(const char *path);
/*
 * Makes the path of a file in a directory. `path` has PATH_MAX bytes. Returns false if the path is
 * too long.
 */
bool watch_path_in(char *path, const char *directory, const char *name);
/* Lists the entries of a directory in alphabetical order. Returns their number, or -1. */
int watch_list_files(const char *path, struct dirent ***list);
void watch_free_list(struct dirent **list, int count);
/* Opens the recorder's file "WHAT.NUMBER", and makes it if needed. Returns a descriptor, or -1. */
int watch_open_part(const struct work *work, const char *what, unsigned number);
/* Makes "WHAT.NUMBER" with the content of the file `from`; rounds its size up to whole pages. */
bool watch_make_part(
	const struct work *work, const char *what, unsigned number, int from, off_t size);

#endif
