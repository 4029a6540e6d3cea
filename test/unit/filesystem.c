/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filesystem.c - tests reading the list of mounts, and recognizing the types of file systems
 *
 * The list is made up after proc_pid_mountinfo(5).
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

	is_int(mounts_each(list, count, &visits), 0,
		"mounts_each: a list of mounts is read to its end");
	is_int(visits, 6, "mounts_each: malformed lines are skipped");
	visits = 0;
	is_int(mounts_each(list, stop, &visits), 7,
		"mounts_each: returns the value that a visitor returned");
	is_int(visits, 2, "mounts_each: a visitor that does not return 0 ends the walk at once");
	is_int(mounts_each("/nowhere/at/all", count, &visits), -ENOENT,
		"mounts_each: a missing list is reported");
}

static void is_mount(unsigned minor_number, const char *type, const char *point,
	enum filesystem_class class, const char *options)
{
	struct filesystem filesystem;

	is_int(filesystem_of_device(&filesystem, makedev(8, minor_number), list), 0,
		"mount of type %s: is found by its device number", type);
	is_str(filesystem.type, type, "mount of type %s: the type is read", type);
	is_str(filesystem.point, point, "mount of type %s: the mount point is read", type);
	is_str(filesystem.options, options,
		"mount of type %s: the options of mount and file system are joined", type);
	is_int(filesystem.class, class,
		"mount of type %s: the class (disk, network, daemon, ...) is the expected one",
		type);
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
	is_int(filesystem_of_device(&filesystem, makedev(8, 99), list), -ENOENT,
		"filesystem_of_device: an unmounted device is not found");
	filesystem_of_device(&filesystem, makedev(8, 4), list);
	ok(filesystem.read_only, "mount of type squashfs: is recognized as read-only");
	filesystem_fini(&filesystem);
	filesystem_of_device(&filesystem, makedev(8, 5), list);
	is_str(filesystem.source, "",
		"list of mounts: a line with an empty source (device) is accepted");
	filesystem_fini(&filesystem);
}

static void options(void)
{
	const char *all = "rw,dax=inode,upperdir=/a,lowerdir=/b:/c";

	ok(mounts_option(all, "rw"), "mounts_option: the first option is found");
	ok(mounts_option(all, "dax=inode"), "mounts_option: an option with its value is found");
	ok(!mounts_option(all, "dax"),
		"mounts_option: an option with a value is not found by its name alone");
	ok(!mounts_option(all, "r"),
		"mounts_option: the beginning of an option does not count as the option");
	ok(!mounts_option(all, "inode"),
		"mounts_option: the end of an option does not count as the option");
	ok(mounts_option("dax", "dax"), "mounts_option: an option that is the whole list is found");
	ok(!mounts_option("", "rw") && !mounts_option(NULL, "rw"),
		"mounts_option: an empty or missing list has no option");
	char *upper = mounts_option_value(all, "upperdir"), *none = mounts_option_value(all, "rw");
	is_str(upper, "/a", "mounts_option_value: a value is found");
	ok(!none, "mounts_option_value: an option without a value yields NULL");
	free(upper);
}

/* File systems of descriptors, found with this machine's own list of mounts, and without a list. */
static void descriptors(void)
{
	struct filesystem filesystem;
	int fd = memfd_create("test", 0);

	is_int(filesystem_of(&filesystem, fd, MOUNTS_FILE), 0,
		"filesystem_of: a memfd is accepted");
	is_str(filesystem.type, "tmpfs",
		"filesystem_of: a memfd is on tmpfs, as its magic number says");
	is_int(filesystem.class, FILESYSTEM_RAM, "filesystem_of: the class of a memfd is RAM");
	ok(!filesystem.point && !filesystem.options,
		"filesystem_of: a memfd has neither mount point nor options");
	filesystem_fini(&filesystem);
	close(fd);
	ok(filesystem_of(&filesystem, fd, MOUNTS_FILE) == -EBADF,
		"filesystem_of: a closed descriptor is refused");

	fd = open("/proc/self/status", O_PATH);
	is_int(filesystem_of(&filesystem, fd, MOUNTS_FILE), 0,
		"filesystem_of: a path in /proc is accepted");
	is_str(filesystem.type, "proc",
		"filesystem_of: the type of the file system at /proc is proc");
	is_str(filesystem.point, "/proc", "filesystem_of: the mount point of proc is /proc");
	is_int(filesystem.class, FILESYSTEM_KERNEL, "filesystem_of: the class of proc is KERNEL");
	filesystem_fini(&filesystem);
	is_int(filesystem_of(&filesystem, fd, "/nowhere/at/all"), 0,
		"filesystem_of: a missing list of mounts is accepted");
	is_str(filesystem.type, "proc",
		"filesystem_of: without a list of mounts, proc is recognized by its magic number");
	is_int(filesystem_disk(&filesystem, makedev(0, 5)), 0, "filesystem_disk: proc has no disk");
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
	is_int(disk_is_dax(tree_root, makedev(259, 0)), 1,
		"disk_is_dax: a disk with DAX is recognized");
	is_int(disk_is_dax(tree_root, makedev(259, 1)), 1,
		"disk_is_dax: a partition of a disk with DAX is recognized");
	is_int(disk_is_dax(tree_root, makedev(259, 2)), -ENOENT,
		"disk_is_dax: a device without an entry in sysfs gives ENOENT");
	is_int(disk_size(tree_root, makedev(259, 0), &size), 0, "disk_size: the size is found");
	is_int(size, 1 << 20, "disk_size: the size is in bytes");
	is_int(disk_name(tree_root, makedev(259, 1), name), 0,
		"disk_name: the name of a partition is found");
	is_str(name, "pmem0p1", "disk_name: the name of a partition is that in /dev");
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
