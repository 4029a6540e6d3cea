/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-disk.c - tests pmem_map_file on a file system that is full, read-only, or copy-on-write
 *
 * The full and the read-only file system are a tmpfs of 1 MiB, the copy-on-write one is btrfs in a
 * file. The test mounts them in its own mount namespace, which disappears when the test ends.
 */
#include <errno.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <linux/fs.h>

#include "api/libpmem.h"

#define MiB ((size_t)1 << 20)

static long long free_bytes(void)
{
	struct statfs st;

	if (statfs(at("disk"), &st))
		bail("cannot ask for free blocks of the disk: %m");
	return (long long)st.f_bfree * st.f_bsize;
}

/*
 * Tests that the call fails with `error`, and leaves neither a descriptor nor used blocks behind.
 */
static void fails(const char *what, const char *path, size_t len, int flags, int error)
{
	long long before = free_bytes();
	int descriptors = open_descriptors();

	errno = 0;
	void *addr = pmem_map_file(path, len, flags, 0600, NULL, NULL);
	int got = errno;
	is_int(addr ? 0 : got, error, "%s: the call fails with the expected errno", what);
	ok(*pmem_errormsg() && open_descriptors() == descriptors,
		"%s: the failed call sets an error message, and leaves no descriptor open: %s",
		what, pmem_errormsg());
	is_int(free_bytes(), before,
		"%s: the disk has as much free space as before the failed call", what);
}

static void full(void)
{
	const int create = PMEM_FILE_CREATE, tmpfile_ = PMEM_FILE_TMPFILE;

	fails("pmem_map_file: a new file on a full disk", at("disk/new"), 2 * MiB, create, ENOSPC);
	ok(!exists(at("disk/new")),
		"pmem_map_file: after a failure on a full disk the new file is removed");
	fails("pmem_map_file: a new file on a full disk, with EXCL", at("disk/new"), 2 * MiB,
		create | PMEM_FILE_EXCL, ENOSPC);
	ok(!exists(at("disk/new")),
		"pmem_map_file: a new file made with EXCL is removed after a failure on a full disk");
	fails("pmem_map_file: TMPFILE on a full disk", at("disk"), 2 * MiB, create | tmpfile_,
		ENOSPC);
	file_of("disk/old", 4096, 'o');
	fails("pmem_map_file: an old file that would become too large for the disk", at("disk/old"),
		2 * MiB, create, ENOSPC);
	ok(exists(at("disk/old")),
		"pmem_map_file: an existing file that cannot grow on a full disk is not removed");
	char *addr = pmem_map_file(
		at("disk/sparse"), 2 * MiB, create | PMEM_FILE_SPARSE, 0600, NULL, NULL);
	ok(addr, "pmem_map_file: a SPARSE file larger than the disk is mapped");
	pmem_unmap(addr, 2 * MiB);
	addr = pmem_map_file(at("disk/fits"), MiB / 2, create, 0600, NULL, NULL);
	ok(addr, "pmem_map_file: a file that fits on the disk is created");
	ok(free_bytes() < (long long)MiB / 2,
		"pmem_map_file: the blocks of a new file are allocated");
	pmem_unmap(addr, MiB / 2);
}

static void read_only(void)
{
	if (mount("none", at("disk"), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"))
		bail("cannot remount a tmpfs read-only: %m");
	fails("pmem_map_file: a file on a read-only file system", at("disk/old"), 0, 0, EROFS);
	fails("pmem_map_file: a new file on a read-only file system", at("disk/new"), 4096,
		PMEM_FILE_CREATE, EROFS);
	fails("pmem_map_file: TMPFILE on a read-only file system", at("disk"), 4096,
		PMEM_FILE_CREATE | PMEM_FILE_TMPFILE, EROFS);
}

/* Returns false if mkfs.btrfs, loop devices or btrfs are missing here: then the test is skipped. */
static bool mount_btrfs(const char *options)
{
	char command[512];

	snprintf(command, sizeof(command),
		"{ truncate -s 400M %s/image && mkfs.btrfs -q -f %s %s/image && mkdir -p %s/cow && mount -o loop %s/image %s/cow; } >/dev/null 2>&1",
		scratch, options, scratch, scratch, scratch, scratch);
	return !system(command);
}

static void fill_disk(const char *name)
{
	static char junk[MiB];
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
	    random = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || random < 0 || read(random, junk, MiB) != (ssize_t)MiB)
		bail("cannot fill the disk: %m");
	for (int again = 0; again < 3; again++) {
		for (size_t size = MiB; size >= 4096; size /= 2)
			while (write(fd, junk, size) == (ssize_t)size)
				;
		fsync(fd);
	}
	close(random);
	close(fd);
}

/*
 * Counts the library's warnings that a store to a new file may fail although all its blocks are
 * allocated.
 */
static unsigned warnings;

static void count_warnings(enum pmem_log_level level, const char *file, unsigned line,
	const char *function, const char *message)
{
	(void)file;
	(void)line;
	(void)function;
	warnings += level == PMEM_LOG_LEVEL_WARNING &&
		    strstr(message, "may write changed data to new ones");
}

static unsigned warnings_of_new_file(const char *name)
{
	char *addr;

	warnings = 0;
	pmem_log_set_function(count_warnings);
	addr = pmem_map_file(at(name), 4 * MiB, PMEM_FILE_CREATE, 0600, NULL, NULL);
	pmem_log_set_function(PMEM_LOG_USE_DEFAULT_FUNCTION);
	if (!addr)
		bail("cannot map on btrfs: %s", pmem_errormsg());
	pmem_unmap(addr, 4 * MiB);
	return warnings;
}

static char *file_on_cow;

/*
 * Stores to a file on a full btrfs. Returns 5 after success, 6 if a write-back fails. A store for
 * which btrfs finds no room ends the process by a signal.
 */
static int store_again(void)
{
	for (int round = 0; round < 3; round++) {
		memset(file_on_cow, 'a' + round, 4 * MiB);
		if (pmem_msync(file_on_cow, 4 * MiB))
			return 6;
	}
	return 5;
}

/*
 * btrfs writes each version of a block to a new place, unless the file is set to be written in
 * place. Even then, kernels older than Linux 6.18 may find no room for a store to a map.
 */
static void copy_on_write(void)
{
	struct utsname system;
	int flags = 0, sparse_flags = 0;

	if (!mount_btrfs("")) {
		skip("pmem_map_file: a new file on btrfs gets the attribute NOCOW, so that it is written in place",
			"mkfs.btrfs, loop devices or btrfs are missing here");
		return;
	}
	file_on_cow = pmem_map_file(at("cow/file"), 4 * MiB, PMEM_FILE_CREATE, 0600, NULL, NULL);
	char *sparse = pmem_map_file(
		at("cow/sparse"), 4 * MiB, PMEM_FILE_CREATE | PMEM_FILE_SPARSE, 0600, NULL, NULL);
	if (!file_on_cow || !sparse)
		bail("cannot map on btrfs: %s", pmem_errormsg());
	int fd = open(at("cow/file"), O_RDONLY | O_CLOEXEC);
	ok(!ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_NOCOW_FL,
		"pmem_map_file: a new file on btrfs gets the attribute NOCOW, so that it is written in place");
	close(fd);
	fd = open(at("cow/sparse"), O_RDONLY | O_CLOEXEC);
	ok(!ioctl(fd, FS_IOC_GETFLAGS, &sparse_flags) && !(sparse_flags & FS_NOCOW_FL),
		"pmem_map_file: a sparse file on btrfs does not get the attribute NOCOW");
	close(fd);
	if (emulator())
		skip("pmem_map_file: for a new file on btrfs it logs no warning",
			"QEMU does not pass on the question whether btrfs mixes data and metadata");
	else
		is_int(warnings_of_new_file("cow/file2"), 0,
			"pmem_map_file: for a new file on btrfs it logs no warning");
	fill_disk(at("cow/fill"));
	if (uname(&system) || strverscmp(system.release, "6.18") < 0)
		skip("pmem_map_file: stores to a new file succeed when btrfs is full",
			"only Linux 6.18 and later are known to find it");
	else
		is_int(in_child(store_again), 5,
			"pmem_map_file: stores to a new file succeed when btrfs is full");
	pmem_unmap(file_on_cow, 4 * MiB);
	pmem_unmap(sparse, 4 * MiB);
	if (umount(at("cow")))
		bail("cannot unmount btrfs: %m");
}

/*
 * Tests a btrfs made with --mixed: data and metadata share blocks, so that a store in place can
 * lack room for its metadata.
 */
static void mixed(void)
{
	if (!mount_btrfs("--mixed")) {
		skip("pmem_map_file: for a file on a btrfs made with --mixed it logs a warning",
			"cannot make a btrfs with mkfs.btrfs --mixed here");
		return;
	}
	is_int(warnings_of_new_file("cow/file"), 1,
		"pmem_map_file: for a file on a btrfs made with --mixed it logs a warning");
	if (umount(at("cow")))
		bail("cannot unmount btrfs: %m");
}

int main(void)
{
	if (unshare(CLONE_NEWNS))
		skip_all("cannot make a mount namespace: this needs root");
	/*
	 * Mounts of this test must not appear in other namespaces. In a chroot "/" may not be a
	 * mount point, and mount(2) fails with EINVAL: the test accepts this, and its mounts may
	 * then appear elsewhere.
	 */
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) && errno != EINVAL)
		skip_all("cannot make a mount namespace: this needs root");
	scratch_open();
	if (mkdir(at("disk"), 0755) || mount("none", at("disk"), "tmpfs", 0, "size=1m"))
		bail("cannot mount a tmpfs: %m");
	full();
	read_only();
	umount(at("disk"));
	copy_on_write();
	mixed();
	scratch_close();
	return tap_done();
}
