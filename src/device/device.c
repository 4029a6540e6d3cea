/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "device/extent.h"
#include "device/sysfs.h"
#include "libpmem2/base.h"

const char *device_fd_name(char words[DEVICE_FD_NAME], int fd, const char *name)
{
	if (name)
		return name;
	snprintf(words, DEVICE_FD_NAME, "file descriptor %d", fd);
	return words;
}

static int stat_descriptor(int fd, const char *name, struct stat *st)
{
	char words[DEVICE_FD_NAME];

	if (!fstat(fd, st))
		return 0;
	if (errno == EBADF)
		return err_set(PMEM2_E_INVALID_FILE_HANDLE, "file descriptor %d is not open", fd);
	return err_sys("cannot stat %s", device_fd_name(words, fd, name));
}

const char *device_type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a pipe";
	case S_IFSOCK:
		return "a socket";
	case S_IFBLK:
		return "a block device";
	case S_IFLNK:
		return "a symbolic link";
	default:
		return "of an unknown type";
	}
}

static int identify_character_device(
	struct device *device, dev_t number, const char *name, const char *sysfs)
{
	const char *comma = name ? ", " : "";

	if (!name)
		name = "";
	int dir = sysfs_device_open(sysfs, "char", number);

	if (dir < 0)
		return err_set(dir, "%s%scharacter device %u:%u%s is not in sysfs", name, comma,
			major(number), minor(number), *comma ? "," : "");
	bool dax = sysfs_subsystem_is(dir, "dax");
	close(dir);
	if (!dax)
		return err_set(PMEM2_E_INVALID_FILE_TYPE,
			"%s%scharacter device %u:%u%s is not a DAX device", name, comma,
			major(number), minor(number), *comma ? "," : "");
	*device = (struct device){.kind = DEVICE_DAX, .number = number};
	return 0;
}

/*
 * Returns the size of huge pages. mmap(2) and munmap(2) need whole huge pages for files of
 * hugetlbfs and for memfds of huge pages.
 */
static size_t huge_page_of(int fd, const struct stat *st)
{
	struct statfs filesystem;

	if (st->st_blksize <= sysconf(_SC_PAGESIZE) || fstatfs(fd, &filesystem) ||
		((unsigned long)filesystem.f_type & 0xffffffff) != HUGETLBFS_MAGIC)
		return 0;
	return (size_t)st->st_blksize;
}

struct device device_of_file(int fd, const struct stat *st)
{
	return (struct device){
		.kind = DEVICE_FILE,
		.number = st->st_dev,
		.inode = st->st_ino,
		.is_elsewhere = major(st->st_dev) && extents_are_elsewhere(fd),
		.huge_page = huge_page_of(fd, st),
	};
}

int device_identify(struct device *device, int fd, const char *sysfs)
{
	return device_identify_named(device, fd, NULL, sysfs);
}

int device_identify_named(struct device *device, int fd, const char *name, const char *sysfs)
{
	struct stat st;
	char words[DEVICE_FD_NAME];
	int error = stat_descriptor(fd, name, &st);

	if (error)
		return error;
	if (S_ISCHR(st.st_mode))
		return identify_character_device(device, st.st_rdev, name, sysfs);
	if (!S_ISREG(st.st_mode))
		return err_set(PMEM2_E_INVALID_FILE_TYPE,
			"%s is %s; only regular files and DAX devices can be mapped",
			device_fd_name(words, fd, name), device_type_name(st.st_mode));
	*device = device_of_file(fd, &st);
	return 0;
}

/*
 * Read an attribute of a DAX device that is a number. Returns the error code `malformed` if it is
 * other text.
 */
static int dax_number(const struct device *device, const char *sysfs, const char *attribute,
	int malformed, size_t *number)
{
	uint64_t value;
	int dir = sysfs_device_open(sysfs, "char", device->number);
	int error = dir < 0 ? dir : sysfs_read_number(dir, attribute, &value);

	if (dir >= 0)
		close(dir);
	if (!error) {
		*number = value;
		return 0;
	}
	if (error == -EBADMSG || error == -EMSGSIZE)
		return err_set(malformed, "attribute %s of DAX device %u:%u is not a number",
			attribute, major(device->number), minor(device->number));
	errno = -error;
	return err_sys("cannot read attribute %s of DAX device %u:%u", attribute,
		major(device->number), minor(device->number));
}

int device_dax_size(const struct device *device, const char *sysfs, size_t *size)
{
	return dax_number(device, sysfs, "size", PMEM2_E_INVALID_SIZE_FORMAT, size);
}

int device_size(const struct device *device, int fd, const char *sysfs, size_t *size)
{
	return device_size_named(device, fd, NULL, sysfs, size);
}

int device_size_named(
	const struct device *device, int fd, const char *name, const char *sysfs, size_t *size)
{
	struct stat st;
	int error = stat_descriptor(fd, name, &st);

	if (error)
		return error;
	if (device->kind == DEVICE_DAX)
		return device_dax_size(device, sysfs, size);
	*size = (size_t)st.st_size;
	return 0;
}

int device_alignment(const struct device *device, const char *sysfs, size_t *alignment)
{
	size_t value;

	if (device->kind == DEVICE_FILE) {
		*alignment = device->huge_page ? device->huge_page : (size_t)sysconf(_SC_PAGESIZE);
		return 0;
	}
	int error = dax_number(device, sysfs, "align", PMEM2_E_INVALID_ALIGNMENT_FORMAT, &value);
	/* Before Linux 5.10 only the DAX region has the attribute align, not the device. */
	if (error == -ENOENT)
		error = dax_number(device, sysfs, "../dax_region/align",
			PMEM2_E_INVALID_ALIGNMENT_FORMAT, &value);
	if (error)
		return error;
	if (!value || value & (value - 1))
		return err_set(PMEM2_E_INVALID_ALIGNMENT_VALUE,
			"alignment %zu of DAX device %u:%u is not a power of two", value,
			major(device->number), minor(device->number));
	*alignment = value;
	return 0;
}

static const char *type_of(const struct device *device)
{
	return device->kind == DEVICE_DAX ? "char" : "block";
}

/*
 * Returns the number of the device that holds the file's bytes, or of the DAX device itself; 0,
 * which is the number of no device, if it is unknown.
 */
static dev_t number_of(const struct device *device)
{
	return device->is_elsewhere ? 0 : device->number;
}

struct region device_region(const struct device *device, const char *sysfs)
{
	return region_under(sysfs, type_of(device), number_of(device));
}

int device_regions(const struct device *device, const char *sysfs, walk_visit *visit, void *context,
	enum walk_cover *cover)
{
	return walk_regions(sysfs, type_of(device), number_of(device), visit, context, cover);
}

const char *device_name(const struct device *device, char name[DEVICE_NAME])
{
	/* A number with major 0 is made up by a file system that is not on one block device. */
	const char *what = device->kind == DEVICE_DAX ? "DAX device"
			   : major(device->number)    ? "block device"
						      : "the file system numbered";

	snprintf(name, DEVICE_NAME, "%s %u:%u", what, major(device->number), minor(device->number));
	return name;
}

static int go_on(int region, void *context)
{
	(void)region;
	(void)context;
	return 0;
}

bool device_is_hidden(const struct device *device, const char *sysfs)
{
	enum walk_cover cover = WALK_UNKNOWN;

	if (device->kind == DEVICE_FILE && !major(device->number))
		return false; /* a number that the file system invented is not in sysfs */
	return device_regions(device, sysfs, go_on, NULL, &cover) || cover == WALK_UNKNOWN;
}

struct nodes {
	bool found;
	int node;
};

static int add_node(int region, void *context)
{
	struct nodes *nodes = context;
	int node, error = region_numa_node(region, &node);

	if (error == -ENOENT)
		return err_set(PMEM2_E_NOSUPP,
			"the kernel does not say which NUMA node is nearest to a region");
	if (error) {
		errno = -error;
		return err_sys("cannot read the NUMA node of a region");
	}
	if (nodes->found && nodes->node != node)
		return err_set(PMEM2_E_NOSUPP,
			"the regions of the device are on different NUMA nodes: %d and %d",
			nodes->node, node);
	*nodes = (struct nodes){true, node};
	return 0;
}

int device_numa_node(const struct device *device, const char *sysfs, int *node)
{
	struct nodes nodes = {.found = false};
	enum walk_cover cover;
	char name[DEVICE_NAME];
	int error = device_regions(device, sysfs, add_node, &nodes, &cover);

	if (error)
		return error;
	if (cover != WALK_ALL)
		return err_set(PMEM2_E_DAX_REGION_NOT_FOUND,
			"%s does not lie on a region of persistent memory",
			device_name(device, name));
	*node = nodes.node;
	return 0;
}
