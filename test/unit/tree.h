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
 * Parent directories are made as needed.
 *
 *	tree_load("made-up-memmap");
 *
 * adds the files that the description test/unit/trees/made-up-memmap lists. A description has
 * lines of these kinds. Names are relative to the section's directory; before the first section,
 * and with a leading /, they are relative to the root of the tree:
 *
 *	# a comment
 *	[devices/platform/e820_pmem/ndbus0]	begins a section: the directory of the next names
 *	provider = e820				an attribute; \n in its text is a newline
 *	(0400) region0/resource = 0x40000000	an attribute with other permissions than 0644
 *	/dev/block/259:0 -> devices/...		a link; its target is relative to the root
 */
#ifndef TEST_UNIT_TREE_H
#define TEST_UNIT_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char tree_root[64];

/* Makes the directory, in memory (/dev/shm) if possible: a tree has many short-lived files. */
static inline void tree_open(void)
{
	bool in_memory = !access("/dev/shm", W_OK | X_OK);

	snprintf(tree_root, sizeof(tree_root), "%s/holdfast-sysfs-XXXXXX",
		in_memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(tree_root))
		bail("cannot make %s: %m", tree_root);
	/* tree_as_nobody() changes the user, who must still be able to read the tree. */
	chmod(tree_root, 0755);
}

/* Returns the full path of a name in the tree, after making its parent directories. */
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

/*
 * True if a name does not lead out of the tree. Names need this check because test/fuzz makes
 * random descriptions.
 */
static inline bool tree_is_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > 200 || name[0] == '/' || name[length - 1] == '/')
		return false;
	for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!strncmp(part, "/", 1) || !strncmp(part, "./", 2) || !strcmp(part, ".") ||
			!strncmp(part, "../", 3) || !strcmp(part, ".."))
			return false;
	return true;
}

/* Does what tree_path() does, but returns false on failure instead of ending the program. */
static inline bool tree_way_to(const char *name, char path[512])
{
	if (snprintf(path, 512, "%s/%s", tree_root, name) >= 512)
		return false;
	for (char *slash = path + strlen(tree_root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		bool made = !mkdir(path, 0755) || errno == EEXIST;
		*slash = '/';
		if (!made)
			return false;
	}
	return true;
}

/*
 * Copies the text of an attribute with each "\n" replaced by a newline. Adds a newline at the end,
 * unless the text ends with "\c".
 */
static inline size_t tree_unescape(const char *text, char *out)
{
	size_t length = 0;

	for (; *text; text++) {
		if (!strncmp(text, "\\c", 2))
			return length;
		if (!strncmp(text, "\\n", 2)) {
			out[length++] = '\n';
			text++;
		} else {
			out[length++] = *text;
		}
	}
	out[length++] = '\n';
	return length;
}

static inline bool tree_put(const char *name, const char *text, unsigned mode)
{
	char path[512], out[4096 + 2];

	if (strlen(text) > 4096 || !tree_way_to(name, path))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	size_t length = tree_unescape(text, out);
	bool written = write(fd, out, length) == (ssize_t)length && !fchmod(fd, mode & 0777);
	close(fd);
	return written;
}

/* Makes a link with a relative target, as in sysfs, so that the tree can be moved. */
static inline bool tree_point(const char *name, const char *target)
{
	char path[512], way[1024] = "";

	if (!tree_is_name(target) || !tree_way_to(name, path))
		return false;
	for (const char *slash = name; (slash = strchr(slash, '/')); slash++)
		if (strlen(way) < 600)
			strcat(way, "../");
	strcat(way, target);
	return !symlink(way, path);
}

/*
 * Handles one line of a description. Skips lines that describe links if `links` is false, and all
 * other lines if it is true: links are made last, when all directories exist. Returns false if the
 * line is malformed.
 */
static inline bool tree_line(char *line, char section[256], bool links)
{
	char name[600], *arrow = strstr(line, " -> "), *equals = strstr(line, " = ");
	unsigned mode = 0644;

	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#')
		return true;
	if (*line == '[') {
		snprintf(section, 256, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
		return tree_is_name(section);
	}
	bool is_link = arrow && (!equals || arrow < equals);
	if (!is_link && !equals)
		return false;
	*(is_link ? arrow : equals) = '\0';
	if (*line == '(')
		mode = (unsigned)strtoul(line + 1, &line, 8), line += strspn(line, ") ");
	if (strlen(line) > 200)
		return false;
	if (*line == '/' || !*section)
		snprintf(name, sizeof(name), "%s", line + (*line == '/'));
	else
		snprintf(name, sizeof(name), "%s/%s", section, line);
	if (!tree_is_name(name))
		return false;
	if (!is_link)
		return links || tree_put(name, equals + 3, mode);
	char path[512];
	return links ? tree_point(name, arrow + 4) : tree_way_to(name, path);
}

/* Makes the files of a description. Returns the number of malformed lines. */
static inline unsigned tree_describe(const char *text, size_t size)
{
	unsigned wrong = 0;

	for (int links = 0; links <= 1; links++) {
		char section[256] = "", line[8192];
		for (const char *at = text, *end = text + size; at < end;) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t length = (size_t)((newline ? newline : end) - at);
			snprintf(line, sizeof(line), "%.*s", (int)(length < 8000 ? length : 8000),
				at);
			wrong += !tree_line(line, section, links);
			at += length + 1;
		}
	}
	return wrong;
}

#ifdef TREES
static inline void tree_load(const char *name)
{
	static char text[65536];
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", TREES, name);
	FILE *file = fopen(path, "r");
	if (!file)
		bail("cannot open %s: %m", path);
	size_t size = fread(text, 1, sizeof(text), file);
	fclose(file);
	unsigned wrong = tree_describe(text, size);
	if (wrong)
		bail("%u lines of the tree %s are malformed", wrong, name);
}
#endif

/* Changes from root to user 65534 in a child process, because root passes all permission checks. */
static inline void tree_as_nobody(void)
{
	if (!getuid() && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
		_exit(98);
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
