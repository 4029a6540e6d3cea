/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filesystem.c - the list of mounts, made up after proc_pid_mountinfo(5), and what we know of types
 */
#include "device/filesystem.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "device/disk.h"
#include "device/mounts.h"
#include "unit/tree.h"

static const char *list;

static int count(const struct mount *mount, void *context)
{
	(void)mount;
	++*(int *)context;
	return 0;
}

static int stop(const struct mount *mount, void *context)
{
	++*(int *)context;
	return mount->id == 30 ? 7 : 0;
}

static void lines(void)
{
	int visits = 0;

	is_int(mounts_each(list, count, &visits), 0, "the list is read");
	is_int(visits, 6, "lines that are none are passed over");
	visits = 0;
	is_int(mounts_each(list, stop, &visits), 7, "a visit ends it");
	is_int(visits, 2, "at once");
	is_int(mounts_each("/nowhere/at/all", count, &visits), -ENOENT, "no list");
}

static void is_mount(unsigned minor_number, const char *type, const char *point,
	enum filesystem_class class, const char *options)
{
	struct filesystem filesystem;

	is_int(filesystem_of_device(&filesystem, makedev(8, minor_number), list), 0, "%s", type);
	is_str(filesystem.type, type, "%s: the type", type);
	is_str(filesystem.point, point, "%s: the mount point", type);
	is_str(filesystem.options, options, "%s: the options of both kinds", type);
	is_int(filesystem.class, class, "%s: who keeps the data", type);
	filesystem_fini(&filesystem);
}

static void known_types(void)
{
	struct filesystem filesystem;

	is_mount(1, "ext4", "/a b\\c", FILESYSTEM_DISK, "rw,relatime,rw,dax=always");
	is_mount(2, "fuse.sshfs", "/ssh", FILESYSTEM_DAEMON, "rw,rw,user_id=0");
	is_mount(3, "nfs4", "/nfs", FILESYSTEM_NETWORK, "rw,rw,vers=4.2");
	is_mount(4, "squashfs", "/ro", FILESYSTEM_DISK, "ro,ro");
	is_mount(5, "newfs", "/new", FILESYSTEM_UNKNOWN, "rw");
	is_int(filesystem_of_device(&filesystem, makedev(8, 99), list), -ENOENT, "none");
	filesystem_of_device(&filesystem, makedev(8, 4), list);
	ok(filesystem.read_only, "squashfs: read-only");
	filesystem_fini(&filesystem);
	filesystem_of_device(&filesystem, makedev(8, 5), list);
	is_str(filesystem.source, "", "a source may be empty");
	filesystem_fini(&filesystem);
}

static void options(void)
{
	const char *all = "rw,dax=inode,upperdir=/a,lowerdir=/b:/c";

	ok(mounts_option(all, "rw"), "the first option");
	ok(mounts_option(all, "dax=inode"), "one with its value");
	ok(!mounts_option(all, "dax"), "without it, it is another");
	ok(!mounts_option(all, "r"), "a piece of one is none");
	ok(!mounts_option(all, "inode"), "nor is a piece in the middle");
	ok(mounts_option("dax", "dax"), "the only option");
	ok(!mounts_option("", "rw") && !mounts_option(NULL, "rw"), "no options");
	char *upper = mounts_option_value(all, "upperdir"), *none = mounts_option_value(all, "rw");
	is_str(upper, "/a", "a value");
	ok(!none, "an option without one");
	free(upper);
}

/* Of descriptors, by this machine's own list, and without any. */
static void descriptors(void)
{
	struct filesystem filesystem;
	int fd = memfd_create("test", 0);

	is_int(filesystem_of(&filesystem, fd, MOUNTS_FILE), 0, "a memfd");
	is_str(filesystem.type, "tmpfs", "is a tmpfs, by its number");
	is_int(filesystem.class, FILESYSTEM_RAM, "in main memory");
	ok(!filesystem.point && !filesystem.options, "that is mounted nowhere");
	filesystem_fini(&filesystem);
	close(fd);
	ok(filesystem_of(&filesystem, fd, MOUNTS_FILE) == -EBADF, "a closed descriptor");

	fd = open("/proc/self/status", O_PATH);
	is_int(filesystem_of(&filesystem, fd, MOUNTS_FILE), 0, "a path in /proc");
	is_str(filesystem.type, "proc", "is on proc");
	is_str(filesystem.point, "/proc", "mounted there");
	is_int(filesystem.class, FILESYSTEM_KERNEL, "made up by the kernel");
	filesystem_fini(&filesystem);
	is_int(filesystem_of(&filesystem, fd, "/nowhere/at/all"), 0, "the same without a list");
	is_str(filesystem.type, "proc", "is found by its number");
	is_int(filesystem_disk(&filesystem, makedev(0, 5)), 0, "it has no disk");
	filesystem_fini(&filesystem);
	close(fd);
}

static void disks(void)
{
	char name[SYSFS_NAME];
	uint64_t size = 0;

	tree_file("devices/pmem0/queue/dax", "1\n");
	tree_file("devices/pmem0/size", "2048\n");
	tree_file("devices/pmem0/pmem0p1/partition", "1\n");
	tree_link("dev/block/259:0", "../../devices/pmem0");
	tree_link("dev/block/259:1", "../../devices/pmem0/pmem0p1");
	is_int(disk_is_dax(tree_root, makedev(259, 0)), 1, "a disk with DAX");
	is_int(disk_is_dax(tree_root, makedev(259, 1)), 1, "its partition");
	is_int(disk_is_dax(tree_root, makedev(259, 2)), -ENOENT, "none");
	is_int(disk_size(tree_root, makedev(259, 0), &size), 0, "its size");
	is_int(size, 1 << 20, "in bytes");
	is_int(disk_name(tree_root, makedev(259, 1), name), 0, "the partition's name");
	is_str(name, "pmem0p1", "as in /dev");
}

int main(void)
{
	tree_open();
	tree_file("mountinfo",
		"29 1 8:1 / /a\\040b\\134c rw,relatime shared:1 - ext4 /dev/sda1 rw,dax=always\n"
		"30 1 8:2 / /ssh rw - fuse.sshfs host: rw,user_id=0\n"
		"no line at all\n"
		"31 1 8:3 /x /nfs rw shared:1 master:2 - nfs4 host:/ rw,vers=4.2\n"
		"32 1 8:4 / /ro ro - squashfs /dev/loop0 ro\n"
		"33 1 8:5 / /new rw - newfs  \n"
		"34 1 8:6 / /cut rw\n"
		"35 1 8:1 / /again rw - ext4 /dev/sda1 rw\n");
	list = tree_path("mountinfo");
	char kept[512];
	strcpy(kept, list);
	list = kept;
	lines();
	known_types();
	options();
	descriptors();
	disks();
	tree_close();
	return tap_done();
}
