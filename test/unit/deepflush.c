/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deepflush.c - device_deep_flush() succeeds only if a flush has happened or was not needed
 *
 * The regions are made up. The modification time of an attribute shows whether the attribute was
 * written to.
 */
#include "device/deepflush.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2/base.h"
#include "unit/tree.h"

#define BUS0   "devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/"
#define FLUSH0 BUS0 "region0/deep_flush"
#define FLUSH1 BUS0 "region1/deep_flush"

static struct device disk0, dax1, both;

static void set(const char *attribute, const char *text)
{
	tree_file(attribute, text);
	const struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	if (utimensat(AT_FDCWD, tree_path(attribute), past, 0))
		bail("cannot set the time of %s: %m", attribute);
}

static bool was_written(const char *attribute)
{
	struct stat st;

	return !stat(tree_path(attribute), &st) && st.st_mtime != 1;
}

static void states(void)
{
	set(FLUSH1, "1\n");
	is_int(device_deep_flush(&dax1, tree_root), 0,
		"deep_flush: a region whose attribute is 1 is flushed");
	ok(was_written(FLUSH1), "deep_flush: 1 is written to the attribute");
	set(FLUSH1, "0\n");
	is_int(device_deep_flush(&dax1, tree_root), 0,
		"deep_flush: succeeds without a flush for a region whose attribute is 0");
	ok(!was_written(FLUSH1), "deep_flush: nothing is written to an attribute that is 0");
	unlink(tree_path(FLUSH1));
	is_int(device_deep_flush(&dax1, tree_root), 0,
		"deep_flush: succeeds without a flush for a region that lacks the attribute");
	ok(!was_written(FLUSH1), "deep_flush: a missing attribute is not made");
	set(FLUSH1, "perhaps\n");
	is_int(device_deep_flush(&dax1, tree_root), -EBADMSG,
		"deep_flush: an attribute that is neither 0 nor 1 is refused");
	has_str(err_get(), "region1", "deep_flush: the message names the region");
	ok(!was_written(FLUSH1), "deep_flush: nothing is written to a malformed attribute");
	set(FLUSH1, "");
	is_int(device_deep_flush(&dax1, tree_root), -EBADMSG,
		"deep_flush: an empty attribute is refused");
	unlink(tree_path(FLUSH1));
	mkdir(tree_path(FLUSH1), 0755);
	is_int(device_deep_flush(&dax1, tree_root), -EISDIR,
		"deep_flush: the errno of a failed read of the attribute is returned");
	rmdir(tree_path(FLUSH1));
	set(FLUSH1, "1\n");
}

static void stacks(void)
{
	set(FLUSH0, "1\n");
	set(FLUSH1, "1\n");
	is_int(device_deep_flush(&both, tree_root), 0,
		"deep_flush: a device-mapper device over two regions is flushed");
	ok(was_written(FLUSH0) && was_written(FLUSH1),
		"deep_flush: both regions under a device-mapper device are flushed");
	set(FLUSH0, "no\n");
	set(FLUSH1, "1\n");
	is_int(device_deep_flush(&both, tree_root), -EBADMSG,
		"deep_flush: a failure of one of two regions under device-mapper is returned");
	ok(was_written(FLUSH1),
		"deep_flush: if one of two regions fails, the other is flushed nevertheless");
	has_str(err_get(), "region0", "deep_flush: the message names the region that failed");
	set(FLUSH0, "1\n");
}

static void no_regions(void)
{
	const struct device none = {.kind = DEVICE_DAX, .number = makedev(252, 9)};

	is_int(device_deep_flush(&none, tree_root), PMEM2_E_DAX_REGION_NOT_FOUND,
		"deep_flush: a DAX device without a region is refused");
	has_str(err_get(), "252:9", "deep_flush: the message names the DAX device");
}

/* Does a deep flush in a child without rights, with the attribute's permissions set to `mode`. */
static int flush_as_nobody(unsigned mode)
{
	int status;

	if (chmod(tree_path(FLUSH1), mode))
		bail("cannot change the mode of the attribute: %m");
	pid_t child = fork();
	if (!child) {
		tree_as_nobody();
		_exit(-device_deep_flush(&dax1, tree_root));
	}
	waitpid(child, &status, 0);
	chmod(tree_path(FLUSH1), 0644);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000;
}

static void rights(void)
{
	set(FLUSH1, "1\n");
	is_int(flush_as_nobody(0444), -EACCES,
		"deep_flush: an attribute that may be read, but not written, gives EACCES");
	is_int(flush_as_nobody(0000), -EACCES,
		"deep_flush: an attribute that may not be read gives EACCES");
	ok(!was_written(FLUSH1),
		"deep_flush: nothing is written to the attribute without permission");
	set(FLUSH1, "0\n");
	is_int(flush_as_nobody(0444), 0,
		"deep_flush: an attribute that is 0 needs no write permission");
}

/*
 * Does a deep flush with sysfs mounted read-only, as in a container. Returns its errno; 99: cannot
 * mount.
 */
static int flush_read_only(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount(tree_root, tree_root, NULL, MS_BIND, NULL) ||
		mount(NULL, tree_root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL))
		return 99;
	return -device_deep_flush(&dax1, tree_root);
}

static void read_only(void)
{
	int status;

	set(FLUSH1, "1\n");
	pid_t child = fork();
	if (!child)
		_exit(flush_read_only());
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip("deep_flush: a sysfs that is mounted read-only gives EROFS",
			"mounting needs root");
	else
		is_int(WEXITSTATUS(status), EROFS,
			"deep_flush: a sysfs that is mounted read-only gives EROFS");
}

static int write_at_limit(rlim_t limit, const char *text)
{
	const struct rlimit size = {limit, RLIM_INFINITY}, before = {RLIM_INFINITY, RLIM_INFINITY};
	int region = open(tree_path(BUS0 "region1"), O_PATH | O_DIRECTORY);

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &size);
	int result = text ? sysfs_write(region, "deep_flush", text)
			  : device_deep_flush(&dax1, tree_root);
	setrlimit(RLIMIT_FSIZE, &before);
	close(region);
	return result;
}

static void failing_writes(void)
{
	set(FLUSH1, "1\n");
	is_int(write_at_limit(0, NULL), -EFBIG,
		"deep_flush: the errno of a write that fails is returned");
	has_str(err_get(), "cannot write to",
		"deep_flush: the message says that the attribute cannot be written");
	is_int(write_at_limit(1, "12"), -EIO, "sysfs_write: a short write is an error");
	is_int(write_at_limit(2, "12"), 0, "sysfs_write: a whole write is a success");
}

int main(void)
{
	disk0 = (struct device){.kind = DEVICE_FILE, .number = makedev(259, 0)};
	dax1 = (struct device){.kind = DEVICE_DAX, .number = makedev(252, 1)};
	both = (struct device){.kind = DEVICE_FILE, .number = makedev(254, 0)};
	tree_open();
	tree_load("made-up-nvdimm-two-sockets");
	tree_link("devices/virtual/block/dm-0/slaves/pmem1",
		"../../../../../" BUS0 "region1/namespace1.0/block/pmem1");
	tree_file(BUS0 "region1/namespace1.0/block/pmem1/size", "1\n");
	is_int(device_deep_flush(&disk0, tree_root), 0, "deep_flush: a disk is flushed");
	states();
	stacks();
	no_regions();
	rights();
	read_only();
	failing_writes();
	tree_close();
	return tap_done();
}
