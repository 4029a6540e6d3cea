/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/members.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "device/disk.h"
#include "device/mounts.h"
#include "device/sysfs.h"

void members_fini(struct members *members)
{
	free(members->list);
	*members = (struct members){.list = NULL};
}

static int add(struct members *members, dev_t number)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->list[i] == number)
			return 0;
	dev_t *list = reallocarray(members->list, members->count + 1, sizeof(*list));
	if (!list)
		return err_set(-ENOMEM, "out of memory for %zu disks", members->count + 1);
	list[members->count++] = number;
	members->list = list;
	return 0;
}

/*
 * Add the block device with this path, which was found in the source or in an option of the mount.
 * If the path is not that of a block device, set `gap` instead.
 */
static int add_node(struct members *members, const char *path, const char *gap)
{
	struct stat st;

	if (*path == '/' && !stat(path, &st) && S_ISBLK(st.st_mode))
		return add(members, st.st_rdev);
	members->gap = gap;
	return 0;
}

/*
 * btrfs: an ioctl(2) tells the id of the file system, and sysfs lists the devices of this id. The
 * mount point is opened for the ioctl: opening and closing the file itself would drop the
 * program's POSIX locks.
 */
static bool btrfs_id(const struct filesystem *filesystem, struct btrfs_ioctl_fs_info_args *info)
{
	int fd = filesystem->point ? open(filesystem->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				   : -1;
	bool told = fd >= 0 && filesystem_is_mount(filesystem, fd) &&
		    !ioctl(fd, BTRFS_IOC_FS_INFO, info);

	if (fd >= 0)
		close(fd);
	return told;
}

/* Write a UUID as text, as libuuid does. */
static void put_uuid(char *to, const unsigned char uuid[16])
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = "0123456789abcdef"[uuid[i] >> 4];
		*to++ = "0123456789abcdef"[uuid[i] & 15];
	}
	*to = '\0';
}

static int add_device(int dir, const char *name, void *context)
{
	struct members *members = context;
	dev_t number;
	int device = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = device < 0 ? device : sysfs_read_device(device, "dev", &number);

	if (device >= 0)
		close(device);
	return error ? 0 : add(members, number);
}

static int add_devices(
	struct members *members, const struct btrfs_ioctl_fs_info_args *info, const char *sysfs)
{
	char folder[sizeof("fs/btrfs/") + 36 + sizeof("/devices")];
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return 0;
	put_uuid(stpcpy(folder, "fs/btrfs/"), info->fsid);
	strcat(folder, "/devices");
	int error = sysfs_each(root, folder, add_device, members);
	close(root);
	if (!error && members->count >= info->num_devices)
		members->gap = NULL;
	return error == -ENOMEM ? error : 0;
}

static int find_btrfs(
	struct members *members, const struct filesystem *filesystem, const char *sysfs)
{
	struct btrfs_ioctl_fs_info_args *info =
		calloc(1, sizeof(*info)); /* 1 KiB: too large for the stack */

	if (!info)
		return err_set(-ENOMEM, "out of memory while listing the devices of a btrfs");
	members->gap = "the devices of this btrfs";
	int error = btrfs_id(filesystem, info) ? add_devices(members, info, sysfs) : 0;
	free(info);
	return error;
}

static int add_option(struct members *members, const struct filesystem *filesystem,
	const char *option, const char *gap)
{
	char *path = mounts_option_value(filesystem->options, option);
	int error = path ? add_node(members, path, gap) : 0;

	free(path);
	return error;
}

/*
 * Add the devices in the mount's source, in which bcachefs lists its devices: "/dev/sda:/dev/sdb".
 */
static int find_in_source(struct members *members, const struct filesystem *filesystem)
{
	char *list = strdup(filesystem->source ? filesystem->source : ""), *rest = list, *one;
	int error =
		list ? 0
		     : err_set(-ENOMEM, "out of memory while listing the disks of a file system");

	while (!error && rest && (one = strsep(&rest, ":")))
		error = add_node(members, one, "a device of this file system");
	free(list);
	return error;
}

/*
 * Returns true if /proc/fs/jbd2 has an entry NAME-INODE: then the journal is inside the file
 * system.
 */
static bool has_inner_journal(const char *name)
{
	DIR *journals = opendir("/proc/fs/jbd2");
	size_t length = strlen(name);
	bool found = false;

	for (struct dirent *one; journals && !found && (one = readdir(journals));)
		found = !strncmp(one->d_name, name, length) && one->d_name[length] == '-';
	if (journals)
		closedir(journals);
	return found;
}

/*
 * Find the device of an external journal. The name of the journal's kernel thread has the device's
 * name: "jbd2/loop1".
 */
NOINLINE static bool journal_device(const char *thread, const char *sysfs, dev_t *number)
{
	char path[SYSFS_VALUE + 32], comm[SYSFS_VALUE];

	/*
	 * The path is built without snprintf(3), which uses kilobytes of stack: callers may have
	 * little left.
	 */
	strcpy(stpcpy(stpcpy(path, "proc/"), thread), "/comm");
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = root < 0 ? root : sysfs_read(root, path, comm);
	if (root >= 0)
		close(root);
	if (error || strncmp(comm, "jbd2/", 5))
		return false;
	strcpy(stpcpy(stpcpy(path, "class/block/"), comm + 5), "/dev");
	root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	error = root < 0 ? root : sysfs_read_device(root, path, number);
	if (root >= 0)
		close(root);
	return !error;
}

/*
 * Add the device of the journal of an ext4 or ext3; both are mounted by the driver of ext4. Needs
 * /proc and /sys.
 */
static int add_journal(struct members *members, dev_t disk, const char *sysfs)
{
	char name[SYSFS_NAME], path[SYSFS_NAME + 32], thread[SYSFS_VALUE];
	dev_t journal;

	/* If sysfs does not show the disk, the disk is judged as "unknown" anyway. */
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || disk_name(sysfs, disk, name)) {
		if (root >= 0)
			close(root);
		return 0;
	}
	members->gap = "the journal of this file system";
	strcpy(stpcpy(stpcpy(path, "fs/ext4/"), name), "/journal_task");
	int error = sysfs_read(root, path, thread);
	close(root);
	members->has_no_journal = !error && !strcmp(thread, "<none>");
	if (members->has_no_journal || has_inner_journal(name)) {
		members->gap = NULL;
		return 0;
	}
	if (error || !journal_device(thread, sysfs, &journal))
		return 0;
	members->gap = NULL;
	return add(members, journal);
}

static int find_others(
	struct members *members, const struct filesystem *filesystem, dev_t disk, const char *sysfs)
{
	const char *type = filesystem->type ? filesystem->type : "";

	if (!strcmp(type, "ext4") || !strcmp(type, "ext3"))
		return add_journal(members, disk, sysfs);
	if (!strcmp(type, "xfs")) {
		int error = add_option(members, filesystem, "logdev", "the log of this XFS");
		return error ? error
			     : add_option(members, filesystem, "rtdev",
				       "the real-time device of this XFS");
	}
	if (!strcmp(type, "reiserfs"))
		return add_option(members, filesystem, "jdev", "the journal of this file system");
	if (!strcmp(type, "f2fs"))
		members->gap = "further devices, which f2fs may have and the kernel does not list";
	return 0;
}

int members_find(struct members *members, const struct filesystem *filesystem, dev_t number,
	const char *sysfs)
{
	const char *type = filesystem->type ? filesystem->type : "";
	int error;

	*members = (struct members){.list = NULL};
	if (!strcmp(type, "btrfs"))
		error = find_btrfs(members, filesystem, sysfs);
	else if (!major(number))
		error = find_in_source(members, filesystem);
	else if (!(error = add(members, number)))
		error = find_others(members, filesystem, number, sysfs);
	if (error)
		members_fini(members);
	return error;
}
