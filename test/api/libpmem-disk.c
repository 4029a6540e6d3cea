/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-disk.c - pmem_map_file on a file system that is full, or read-only
 *
 * It is a tmpfs of 1 MiB, mounted in a name space of our own: it goes when we do.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "api/libpmem.h"

#define MiB ((size_t)1 << 20)

static long long free_bytes(void)
{
	struct statfs st;

	if (statfs(at("disk"), &st))
		bail("cannot look at the disk: %m");
	return (long long)st.f_bfree * st.f_bsize;
}

static void fails(const char *what, const char *path, size_t len, int flags, int error)
{
	long long before = free_bytes();
	int descriptors = open_descriptors();

	errno = 0;
	void *addr = pmem_map_file(path, len, flags, 0600, NULL, NULL);
	int got = errno;
	is_int(addr ? 0 : got, error, "%s", what);
	ok(*pmem_errormsg() && open_descriptors() == descriptors, "%s: explained: %s", what,
		pmem_errormsg());
	is_int(free_bytes(), before, "%s: no room is lost", what);
}

static void full(void)
{
	const int create = PMEM_FILE_CREATE, tmpfile_ = PMEM_FILE_TMPFILE;

	fails("pmem_map_file: a new file on a full disk", at("disk/new"), 2 * MiB, create, ENOSPC);
	ok(!exists(at("disk/new")), "pmem_map_file: the new file on a full disk is removed");
	fails("pmem_map_file: a new file on a full disk, with EXCL", at("disk/new"), 2 * MiB,
		create | PMEM_FILE_EXCL, ENOSPC);
	ok(!exists(at("disk/new")), "pmem_map_file: the new file, made with EXCL, is removed");
	fails("pmem_map_file: TMPFILE on a full disk", at("disk"), 2 * MiB, create | tmpfile_,
		ENOSPC);
	file_of("disk/old", 4096, 'o');
	fails("pmem_map_file: a file that was there and does not fit any more", at("disk/old"),
		2 * MiB, create, ENOSPC);
	ok(exists(at("disk/old")), "pmem_map_file: a file that was there is not removed");
	char *addr = pmem_map_file(
		at("disk/sparse"), 2 * MiB, create | PMEM_FILE_SPARSE, 0600, NULL, NULL);
	ok(addr, "pmem_map_file: SPARSE needs no room");
	pmem_unmap(addr, 2 * MiB);
	addr = pmem_map_file(at("disk/fits"), MiB / 2, create, 0600, NULL, NULL);
	ok(addr, "pmem_map_file: a file that fits is made");
	ok(free_bytes() < (long long)MiB / 2, "pmem_map_file: a file that fits has its blocks");
	pmem_unmap(addr, MiB / 2);
}

static void read_only(void)
{
	if (mount("none", at("disk"), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"))
		bail("cannot remount: %m");
	fails("pmem_map_file: a file on a read-only file system", at("disk/old"), 0, 0, EROFS);
	fails("pmem_map_file: a new file on a read-only file system", at("disk/new"), 4096,
		PMEM_FILE_CREATE, EROFS);
	fails("pmem_map_file: TMPFILE on a read-only file system", at("disk"), 4096,
		PMEM_FILE_CREATE | PMEM_FILE_TMPFILE, EROFS);
}

int main(void)
{
	if (unshare(CLONE_NEWNS))
		skip_all("mounting needs root");
	/* Nothing of it is to be seen elsewhere. In a chroot "/" may not be a mount point: then it is. */
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) && errno != EINVAL)
		skip_all("mounting needs root");
	scratch_open();
	if (mkdir(at("disk"), 0755) || mount("none", at("disk"), "tmpfs", 0, "size=1m"))
		bail("cannot mount: %m");
	full();
	read_only();
	umount(at("disk"));
	scratch_close();
	return tap_done();
}
