/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree.h - a made-up sysfs, in a temporary directory
 *
 *	tree_open();
 *	tree_file("devices/ndbus0/provider", "ACPI.NFIT\n");
 *	tree_link("dev/block/259:0", "../../devices/ndbus0/...");
 *	...tree_root...
 *	tree_close();
 *
 * Directories on the way are made as they are needed.
 */
#ifndef TEST_UNIT_TREE_H
#define TEST_UNIT_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char tree_root[64];

static inline void tree_open(void)
{
	strcpy(tree_root, "/tmp/holdfast-sysfs-XXXXXX");
	if (!mkdtemp(tree_root))
		bail("cannot make %s: %m", tree_root);
}

/* The full name of something in the tree, with the directories that lead to it. */
static inline const char *tree_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree_root, name);
	for (char *slash = path + strlen(tree_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			bail("cannot make %s: %m", path);
		*slash = '/';
	}
	return path;
}

static inline void tree_file(const char *name, const char *text)
{
	FILE *file = fopen(tree_path(name), "w");

	if (!file || fputs(text, file) == EOF || fclose(file))
		bail("cannot write %s: %m", name);
}

static inline void tree_link(const char *name, const char *target)
{
	const char *path = tree_path(name);

	unlink(path);
	if (symlink(target, path))
		bail("cannot link %s: %m", name);
}

static inline int tree_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_close(void)
{
	nftw(tree_root, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
