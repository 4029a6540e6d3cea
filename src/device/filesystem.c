/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "device/mounts.h"

#ifndef STATX_ATTR_IMMUTABLE
#define STATX_ATTR_IMMUTABLE 0x00000010
#define STATX_ATTR_APPEND    0x00000020
#endif
#ifndef STATX_ATTR_DAX
#define STATX_ATTR_DAX 0x00200000
#endif

struct known {
	const char *type;
	long magic; /* magic number of statfs(2); 0 if it is not unique, or not documented */
	enum filesystem_class class;
	bool can_sync;
};

/*
 * The types of file system that the library knows. MAP_SYNC requires that a file system can write
 * its metadata to the media within a page fault, which only ext4 and xfs can.
 */
static const struct known table[] = {
	{"ext4", 0xef53, FILESYSTEM_DISK, true},
	{"ext3", 0, FILESYSTEM_DISK, true}, /* ext3 is mounted by the driver of ext4 */
	{"ext2", 0, FILESYSTEM_DISK, false},
	{"xfs", 0x58465342, FILESYSTEM_DISK, true},
	{"btrfs", 0x9123683e, FILESYSTEM_DISK, false},
	{"bcachefs", 0xca451a4e, FILESYSTEM_DISK, false},
	{"f2fs", 0xf2f52010, FILESYSTEM_DISK, false},
	{"zfs", 0x2fc12fc1, FILESYSTEM_DISK, false},
	{"vfat", 0x4d44, FILESYSTEM_DISK, false},
	{"msdos", 0, FILESYSTEM_DISK, false},
	{"exfat", 0x2011bab0, FILESYSTEM_DISK, false},
	{"ntfs3", 0x7366746e, FILESYSTEM_DISK, false},
	{"jfs", 0x3153464a, FILESYSTEM_DISK, false},
	{"reiserfs", 0x52654973, FILESYSTEM_DISK, false},
	{"nilfs2", 0x3434, FILESYSTEM_DISK, false},
	{"hfsplus", 0x482b, FILESYSTEM_DISK, false},
	{"udf", 0x15013346, FILESYSTEM_DISK, false},
	{"ubifs", 0x24051905, FILESYSTEM_DISK, false},
	{"squashfs", 0x73717368, FILESYSTEM_DISK, false},
	{"erofs", 0xe0f5e1e2, FILESYSTEM_DISK, false},
	{"iso9660", 0x9660, FILESYSTEM_DISK, false},
	{"cramfs", 0x28cd3d45, FILESYSTEM_DISK, false},
	{"tmpfs", 0x01021994, FILESYSTEM_RAM, false},
	{"devtmpfs", 0, FILESYSTEM_RAM, false},
	{"ramfs", 0x858458f6, FILESYSTEM_RAM, false},
	{"rootfs", 0, FILESYSTEM_RAM, false},
	{"hugetlbfs", 0x958458f6, FILESYSTEM_RAM, false},
	{"proc", 0x9fa0, FILESYSTEM_KERNEL, false},
	{"sysfs", 0x62656572, FILESYSTEM_KERNEL, false},
	{"cgroup", 0x27e0eb, FILESYSTEM_KERNEL, false},
	{"cgroup2", 0x63677270, FILESYSTEM_KERNEL, false},
	{"debugfs", 0x64626720, FILESYSTEM_KERNEL, false},
	{"tracefs", 0x74726163, FILESYSTEM_KERNEL, false},
	{"securityfs", 0x73636673, FILESYSTEM_KERNEL, false},
	{"configfs", 0x62656570, FILESYSTEM_KERNEL, false},
	{"devpts", 0x1cd1, FILESYSTEM_KERNEL, false},
	{"mqueue", 0x19800202, FILESYSTEM_KERNEL, false},
	{"bpf", 0xcafe4a11, FILESYSTEM_KERNEL, false},
	{"binfmt_misc", 0x42494e4d, FILESYSTEM_KERNEL, false},
	{"fusectl", 0x65735543, FILESYSTEM_KERNEL, false},
	{"nsfs", 0x6e736673, FILESYSTEM_KERNEL, false},
	{"pidfs", 0x50494446, FILESYSTEM_KERNEL, false},
	{"selinuxfs", 0xf97cff8c, FILESYSTEM_KERNEL, false},
	{"nfs", 0x6969, FILESYSTEM_NETWORK, false},
	{"nfs4", 0, FILESYSTEM_NETWORK, false},
	{"cifs", 0xff534d42, FILESYSTEM_NETWORK, false},
	{"smb3", 0xfe534d42, FILESYSTEM_NETWORK, false},
	{"ceph", 0x00c36400, FILESYSTEM_NETWORK, false},
	{"afs", 0x5346414f, FILESYSTEM_NETWORK, false},
	{"lustre", 0x0bd00bd0, FILESYSTEM_NETWORK, false},
	{"gfs2", 0x01161970, FILESYSTEM_NETWORK, false},
	{"ocfs2", 0x7461636f, FILESYSTEM_NETWORK, false},
	{"9p", 0x01021997, FILESYSTEM_HOST, false},
	{"virtiofs", 0, FILESYSTEM_HOST, false},
	{"vboxsf", 0x786f4256, FILESYSTEM_HOST, false},
	{"fuse", 0x65735546, FILESYSTEM_DAEMON, false},
	{"fuseblk", 0, FILESYSTEM_DAEMON, false},
	{"overlay", 0x794c7630, FILESYSTEM_LAYERED, false},
	{"ecryptfs", 0xf15f, FILESYSTEM_LAYERED, false},
};

/*
 * Look up a file system by the name of its type, ignoring a subtype as in "fuse.sshfs"; if `type`
 * is NULL, by its magic number.
 */
static const struct known *look_up(const char *type, long magic)
{
	static const struct known unknown = {NULL, 0, FILESYSTEM_UNKNOWN, false};
	size_t length = type ? strcspn(type, ".") : 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (type ? strlen(table[i].type) == length && !strncmp(table[i].type, type, length)
			 : magic && table[i].magic == magic)
			return &table[i];
	return &unknown;
}

static void classify(struct filesystem *filesystem, const struct known *known)
{
	filesystem->class = known->class;
	filesystem->can_sync = known->can_sync;
}

void filesystem_fini(struct filesystem *filesystem)
{
	free(filesystem->type);
	free(filesystem->point);
	free(filesystem->source);
	free(filesystem->options);
	*filesystem = (struct filesystem){.class = FILESYSTEM_UNKNOWN};
}

static int no_memory(struct filesystem *filesystem)
{
	filesystem_fini(filesystem);
	return err_set(-ENOMEM, "out of memory while describing a file system");
}

int filesystem_of_mount(struct filesystem *filesystem, const struct mount *mount)
{
	*filesystem = (struct filesystem){
		.mount = mount->id,
		.read_only = mounts_option(mount->options, "ro") ||
			     mounts_option(mount->super_options, "ro"),
		.type = strdup(mount->type),
		.point = strdup(mount->point),
		.source = strdup(mount->source),
	};
	if (asprintf(&filesystem->options, "%s%s%s", mount->options,
		    *mount->super_options ? "," : "", mount->super_options) < 0)
		filesystem->options = NULL;
	if (!filesystem->type || !filesystem->point || !filesystem->source || !filesystem->options)
		return no_memory(filesystem);
	classify(filesystem, look_up(mount->type, 0));
	return 0;
}

struct wanted {
	struct filesystem *filesystem;
	int id;
	dev_t device;
	int error;
};

static int if_id(const struct mount *mount, void *context)
{
	struct wanted *wanted = context;

	if (mount->id != wanted->id)
		return 0;
	wanted->error = filesystem_of_mount(wanted->filesystem, mount);
	return 1;
}

static int if_device(const struct mount *mount, void *context)
{
	struct wanted *wanted = context;

	if (mount->device != wanted->device)
		return 0;
	wanted->error = filesystem_of_mount(wanted->filesystem, mount);
	return 1;
}

/*
 * Returns the id of the mount that the descriptor was opened on; -1 if it is not known. A file
 * system may have several mounts.
 */
static int mount_id(int fd)
{
	char name[64], line[128];
	int id = -1;

	snprintf(name, sizeof(name), "/proc/thread-self/fdinfo/%d", fd);
	FILE *info = fopen(name, "re");
	while (info && id < 0 && fgets(line, sizeof(line), info))
		if (!strncmp(line, "mnt_id:", 7))
			id = (int)strtol(line + 7, NULL, 10);
	if (info)
		fclose(info);
	return id;
}

bool filesystem_is_mount(const struct filesystem *filesystem, int fd)
{
	return filesystem->mount >= 0 && mount_id(fd) == filesystem->mount;
}

int filesystem_of_device(struct filesystem *filesystem, dev_t device, const char *mountinfo)
{
	struct wanted wanted = {.filesystem = filesystem, .device = device};

	return mounts_each(mountinfo, if_device, &wanted) == 1 ? wanted.error : -ENOENT;
}

/*
 * Returns f_type as 32 bits: in struct statfs it is signed or unsigned, and has 32 or 64 bits,
 * depending on architecture and C library.
 */
static long magic_of(const struct statfs *st)
{
	return (long)((unsigned long)st->f_type & 0xffffffff);
}

int filesystem_of(struct filesystem *filesystem, int fd, const char *mountinfo)
{
	struct wanted wanted = {.filesystem = filesystem, .id = mount_id(fd)};
	struct statfs st;

	if (wanted.id >= 0 && mounts_each(mountinfo, if_id, &wanted) == 1)
		return wanted.error;
	if (fstatfs(fd, &st))
		return err_sys("cannot find out the file system of file descriptor %d", fd);
	const struct known *known = look_up(NULL, magic_of(&st));
	*filesystem = (struct filesystem){.mount = -1, .read_only = st.f_flags & ST_RDONLY};
	classify(filesystem, known);
	if (known->type && !(filesystem->type = strdup(known->type)))
		return no_memory(filesystem);
	return 0;
}

dev_t filesystem_disk(const struct filesystem *filesystem, dev_t number)
{
	struct stat st;

	if (major(number))
		return number;
	if (filesystem->class != FILESYSTEM_DISK || !filesystem->source ||
		*filesystem->source != '/' || stat(filesystem->source, &st) || !S_ISBLK(st.st_mode))
		return 0;
	return st.st_rdev;
}

/*
 * The result of statx(2), in the kernel's layout. It is declared here because some C libraries
 * lack it, and the headers of others conflict with the kernel's header for it.
 */
struct answer {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, uid, gid;
	uint16_t mode, spare;
	uint64_t inode, size, blocks, attributes_mask;
	uint64_t more[24]; /* unused; makes 256 bytes in all */
};

static bool ask_statx(int fd, struct answer *answer)
{
	_Static_assert(sizeof(*answer) == 256, "statx(2) stores 256 bytes");
	return !syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0, answer);
}

int filesystem_file_is_dax(int fd)
{
	struct answer answer;

	if (!ask_statx(fd, &answer) || !(answer.attributes_mask & STATX_ATTR_DAX))
		return -1;
	return !!(answer.attributes & STATX_ATTR_DAX);
}

struct filesystem_locks filesystem_locks(int fd)
{
	struct answer answer;

	if (!ask_statx(fd, &answer))
		return (struct filesystem_locks){.is_immutable = false};
	return (struct filesystem_locks){
		.is_immutable = answer.attributes & STATX_ATTR_IMMUTABLE,
		.is_append_only = answer.attributes & STATX_ATTR_APPEND,
	};
}

/* Returns the DAX mark of a directory: files made in the directory inherit the mark. */
int filesystem_directory_is_dax(int fd)
{
	struct fsxattr attributes;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes))
		return -1;
	return !!(attributes.fsx_xflags & FS_XFLAG_DAX);
}
