/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int open_root(const char *root)
{
	int dir = open(root, DIRECTORY);

	return dir < 0 ? -errno : dir;
}

int sysfs_device_open(const char *root, const char *type, dev_t number)
{
	char name[64];
	int top = open_root(root);

	if (top < 0)
		return top;
	snprintf(name, sizeof(name), "dev/%s/%u:%u", type, major(number), minor(number));
	int dir = openat(top, name, DIRECTORY);
	int error = dir < 0 ? -errno : 0;
	close(top);
	return error ? error : dir;
}

static bool is_same_directory(int a, int b)
{
	struct stat of_a, of_b;

	return !fstat(a, &of_a) && !fstat(b, &of_b) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

int sysfs_parent_open(const char *root, int dir)
{
	int top = open_root(root);

	if (top < 0)
		return top;
	bool at_root = is_same_directory(dir, top);
	close(top);
	if (at_root)
		return -ENOENT;
	int parent = openat(dir, "..", DIRECTORY);
	if (parent < 0)
		return -errno;
	/* "/.." is "/": a tree that does not hang below its root must not be walked for ever. */
	if (is_same_directory(dir, parent)) {
		close(parent);
		return -ENOENT;
	}
	return parent;
}

int sysfs_read(int dir, const char *attribute, char value[SYSFS_VALUE])
{
	int fd = openat(dir, attribute, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	ssize_t length = read(fd, value, SYSFS_VALUE);
	int error = length < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	if (length && value[length - 1] == '\n')
		length--;
	if (length == SYSFS_VALUE)
		return -EMSGSIZE;
	value[length] = '\0';
	return 0;
}

int sysfs_read_number(int dir, const char *attribute, uint64_t *number)
{
	char value[SYSFS_VALUE], *end;
	int error = sysfs_read(dir, attribute, value);

	if (error)
		return error;
	if (*value < '0' || *value > '9')
		return -EBADMSG;
	errno = 0;
	unsigned long long read = strtoull(value, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	*number = read;
	return 0;
}

bool sysfs_subsystem_is(int dir, const char *name)
{
	char target[NAME_MAX + 1];
	ssize_t length = readlinkat(dir, "subsystem", target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	const char *slash = strrchr(target, '/');
	return !strcmp(slash ? slash + 1 : target, name);
}

bool sysfs_has(int dir, const char *name)
{
	return !faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW);
}
