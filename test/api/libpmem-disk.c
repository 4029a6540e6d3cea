/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-disk.c - contract 1.1.1 rows 17, 18 and 24 on a file system that is full, or read-only
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

	fails("row 17: no room", at("disk/new"), 2 * MiB, create, ENOSPC);
	ok(!exists(at("disk/new")), "row 18, W7: the new file is removed");
	fails("row 17: no room, with EXCL", at("disk/new"), 2 * MiB, create | PMEM_FILE_EXCL,
		ENOSPC);
	ok(!exists(at("disk/new")), "row 18: the new file is removed");
	fails("row 17: no room, with TMPFILE", at("disk"), 2 * MiB, create | tmpfile_, ENOSPC);
	file_of("disk/old", 4096, 'o');
	fails("row 17: no room for what was there", at("disk/old"), 2 * MiB, create, ENOSPC);
	ok(exists(at("disk/old")), "row 18, W7: it is not removed");
	char *addr = pmem_map_file(
		at("disk/sparse"), 2 * MiB, create | PMEM_FILE_SPARSE, 0600, NULL, NULL);
	ok(addr, "row 12: SPARSE needs no room");
	pmem_unmap(addr, 2 * MiB);
	addr = pmem_map_file(at("disk/fits"), MiB / 2, create, 0600, NULL, NULL);
	ok(addr, "row 12: what fits, fits");
	ok(free_bytes() < (long long)MiB / 2, "row 12: and has its room");
	pmem_unmap(addr, MiB / 2);
}

static void read_only(void)
{
	if (mount("none", at("disk"), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"))
		bail("cannot remount: %m");
	fails("row 24: a file on a read-only file system", at("disk/old"), 0, 0, EROFS);
	fails("row 12: a new one there", at("disk/new"), 4096, PMEM_FILE_CREATE, EROFS);
	fails("row 19: one without a name", at("disk"), 4096, PMEM_FILE_CREATE | PMEM_FILE_TMPFILE,
		EROFS);
}

int main(void)
{
	if (unshare(CLONE_NEWNS))
		skip_all("mounting needs root");
	/* Nothing of it is to be seen elsewhere. In a chroot "/" is no mount point: then it is. */
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
