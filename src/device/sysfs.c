/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/read_all.h"

#define DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int open_root(const char *root)
{
	int dir = open(root, DIRECTORY);

	return dir < 0 ? -errno : dir;
}

struct numbered {
	dev_t number;
	int found;
};

static int open_if_numbered(int dir, const char *name, void *context)
{
	struct numbered *wanted = context;
	dev_t number;
	int device = openat(dir, name, DIRECTORY);

	if (device < 0)
		return 0;
	if (sysfs_read_device(device, "dev", &number) || number != wanted->number) {
		close(device);
		return 0;
	}
	wanted->found = device;
	return 1;
}

/*
 * Find a device if sysfs has no folder dev/: compare the attribute "dev" of each device with the
 * number.
 */
NOINLINE static int device_search(int top, const char *type, dev_t number)
{
	struct numbered wanted = {number, -ENOENT};
	bool is_block = !strcmp(type, "block");

	sysfs_each(top, is_block ? "class/block" : "bus/dax/devices", open_if_numbered, &wanted);
	return wanted.found;
}

int sysfs_device_open(const char *root, const char *type, dev_t number)
{
	char name[64];
	int top = major(number) ? open_root(root) : -ENOENT;

	if (top < 0)
		return top;
	snprintf(name, sizeof(name), "dev/%s/%u:%u", type, major(number), minor(number));
	int dir = openat(top, name, DIRECTORY);
	if (dir < 0)
		dir = device_search(top, type, number);
	close(top);
	return dir;
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
	/*
	 * The parent of "/" is "/" itself: going upwards has to end here even if `dir` is not
	 * below the root of sysfs.
	 */
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

/* Reads an unsigned number, in base 10 or, if `base` is 0, as C writes it. */
static int read_unsigned(int dir, const char *attribute, int base, uint64_t *number)
{
	char value[SYSFS_VALUE], *end;
	int error = sysfs_read(dir, attribute, value);

	if (error)
		return error;
	if (*value < '0' || *value > '9')
		return -EBADMSG;
	errno = 0;
	unsigned long long read = strtoull(value, &end, base);
	if (errno || *end)
		return -EBADMSG;
	*number = read;
	return 0;
}

int sysfs_read_number(int dir, const char *attribute, uint64_t *number)
{
	return read_unsigned(dir, attribute, 10, number);
}

int sysfs_read_int(int dir, const char *attribute, int *number)
{
	char value[SYSFS_VALUE], *end;
	int error = sysfs_read(dir, attribute, value);

	if (error)
		return error;
	const char *digits = value + (*value == '-');
	if (*digits < '0' || *digits > '9')
		return -EBADMSG;
	errno = 0;
	long read = strtol(value, &end, 10);
	if (errno || *end || read < INT_MIN || read > INT_MAX)
		return -EBADMSG;
	*number = (int)read;
	return 0;
}

int sysfs_read_address(int dir, const char *attribute, uint64_t *address)
{
	return read_unsigned(dir, attribute, 0, address);
}

int sysfs_read_text(int dir, const char *attribute, char **text)
{
	int fd = openat(dir, attribute, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	char *content = malloc(SYSFS_TEXT + 1);
	ssize_t length = content ? read_all(fd, content, SYSFS_TEXT) : -1;
	int error = length < 0 ? -errno : length == SYSFS_TEXT ? -EMSGSIZE : 0;
	close(fd);
	if (error) {
		free(content);
		return error;
	}
	content[length] = '\0';
	*text = content;
	return 0;
}

int sysfs_write(int dir, const char *attribute, const char *text)
{
	int fd = openat(dir, attribute, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	size_t length = strlen(text);
	ssize_t written = write(fd, text, length);
	int error = written < 0 ? -errno : (size_t)written < length ? -EIO : 0;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

int sysfs_read_device(int dir, const char *attribute, dev_t *number)
{
	char value[SYSFS_VALUE], *end;
	int error = sysfs_read(dir, attribute, value);

	if (error)
		return error;
	unsigned long major_number = strtoul(value, &end, 10);
	if (end == value || *end != ':')
		return -EBADMSG;
	unsigned long minor_number = strtoul(end + 1, &end, 10);
	if (*end)
		return -EBADMSG;
	*number = makedev((unsigned)major_number, (unsigned)minor_number);
	return 0;
}

/* A directory entry in the kernel's layout, as getdents64(2) returns it. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

/*
 * Call `visit` for each directory entry in a buffer. readdir(3) is not used, because it calls
 * malloc(3).
 */
static int visit_some(int fd, const char *entries, long length, sysfs_visit *visit, void *context)
{
	int result = 0;

	for (long at = 0; !result && at < length;) {
		const struct entry *entry = (const struct entry *)(entries + at);
		if (entry->name[0] != '.')
			result = visit(fd, entry->name, context);
		at += entry->size;
	}
	return result;
}

int sysfs_each(int dir, const char *below, sysfs_visit *visit, void *context)
{
	_Alignas(struct entry) char
		entries[288]; /* room for at least one entry: its name has up to 255 bytes */
	int fd = openat(dir, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;
	long length;

	if (fd < 0)
		return -errno;
	do {
		length = syscall(SYS_getdents64, fd, entries, sizeof(entries));
		result = length < 0 ? -errno : visit_some(fd, entries, length, visit, context);
	} while (!result && length > 0);
	close(fd);
	return result;
}

struct search {
	struct stat wanted;
	char *name;
};

static int name_if_wanted(int dir, const char *name, void *context)
{
	struct search *search = context;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != search->wanted.st_dev ||
		st.st_ino != search->wanted.st_ino)
		return 0;
	if (strlen(name) >= SYSFS_NAME)
		return -ENAMETOOLONG;
	strcpy(search->name, name);
	return 1;
}

/*
 * A directory's descriptor does not tell its name: find its inode among the entries of its parent.
 */
int sysfs_name(int dir, char name[SYSFS_NAME])
{
	struct search search = {.name = name};

	if (fstat(dir, &search.wanted))
		return -errno;
	int found = sysfs_each(dir, "..", name_if_wanted, &search);
	return found < 0 ? found : found ? 0 : -ENOENT;
}

int sysfs_link(int dir, const char *link, char name[SYSFS_NAME])
{
	char target[NAME_MAX + 1];
	ssize_t length = readlinkat(dir, link, target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	const char *slash = strrchr(target, '/'), *last = slash ? slash + 1 : target;
	if (strlen(last) >= SYSFS_NAME)
		return -ENAMETOOLONG;
	strcpy(name, last);
	return 0;
}

bool sysfs_subsystem_is(int dir, const char *name)
{
	char subsystem[SYSFS_NAME];

	return !sysfs_link(dir, "subsystem", subsystem) && !strcmp(subsystem, name);
}

bool sysfs_has(int dir, const char *name)
{
	return !faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW);
}
