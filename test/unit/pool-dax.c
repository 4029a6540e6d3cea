/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-dax.c - tests pools on a DAX device, which the environment variable DAX names, and on the
 * DAX file system that contains TMPDIR
 *
 * With two arguments, a directory and the name of a pool set in it, the program only opens this
 * pool, which was open when an earlier process was killed. To be run in lab/, in a virtual machine
 * with NVDIMMs.
 */
#include "device/device.h"
#include "device/sysfs.h"
#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

static const char *dax;
static size_t size, alignment;

static void look(void)
{
	struct device device;
	int fd = open(dax, O_RDWR | O_CLOEXEC);

	if (fd < 0 || device_identify(&device, fd, SYSFS_ROOT) ||
		device_size(&device, fd, SYSFS_ROOT, &size) ||
		device_alignment(&device, SYSFS_ROOT, &alignment))
		bail("%s: %s", dax, err_get());
	close(fd);
	if (device.kind != DEVICE_DAX)
		bail("%s is not a DAX device", dax);
}

static struct pool_set *__attribute__((__format__(__printf__, 2, 3)))
set_of(const char *name, const char *format, ...)
{
	char lines[1000];
	va_list ap;

	va_start(ap, format);
	vsnprintf(lines, sizeof(lines), format, ap);
	va_end(ap);
	return pooldir_set(name, lines);
}

static void device_alone(void)
{
	struct pool_set *set = set_of("device.set", "AUTO %s\n", dax);
	struct rpmem_pool_attr attr =
		pooldir_attr(POOL_INCOMPAT_CHECKSUM_2K | POOL_INCOMPAT_SHUTDOWN);
	struct rpmem_pool_attr found;
	struct pool *pool = NULL;

	attr.compat_features = POOL_COMPAT_BAD_BLOCKS;
	if (!is_int(pool_create(set, size, &attr, &pool), 0, "device DAX: a pool is created")) {
		diag("%s", err_get());
		return;
	}
	is_int(pool_size(pool), size, "device DAX: the pool is the whole device");
	ok(pool_is_device(pool), "device DAX: the pool is recognised as a device, not as files");
	ok(pool_granularity(pool) != PMEM2_GRANULARITY_PAGE,
		"device DAX: the pool needs no write-back");
	memset((char *)pool_base(pool) + size - 100, 'z', 100);
	is_int(pool_deep_sync(pool, size - 100, 100, 0), 0, "device DAX: a deep sync succeeds");
	is_int(pool_close(pool), 0, "device DAX: a created pool closes");
	is_int(pool_create(set, size, &attr, &pool), -EEXIST,
		"device DAX: a second create fails because the pool exists");
	is_int(pool_open(set, size + 1, &pool), -EFBIG,
		"device DAX: a pool that must be larger than the device is refused");
	is_int(pool_open(set, size, &pool), 0, "device DAX: the pool opens again");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"device DAX: a reopened pool has the attributes with which it was created");
	ok(((char *)pool_base(pool))[size - 1] == 'z',
		"device DAX: a reopened pool has the bytes that were stored");
	struct pool *other;
	is_int(pool_open(set, size, &other), -EBUSY,
		"device DAX: a second open fails because the pool is in use");
	attr.major = 8;
	is_int(pool_set_attributes(pool, &attr), 0, "device DAX: the attributes are changed");
	pool_close(pool);
	is_int(pool_open(set, size, &pool), 0,
		"device DAX: the pool opens after its attributes changed");
	ok(pool_attributes(pool, &found) && found.major == 8,
		"device DAX: the changed attributes are read");
	memset((char *)pool_base(pool) + 4096, 'y', 4 * MIB);
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "device.set", 0), 0, "device DAX: the pool is removed");
	pool_set_free(set);
	set = set_of("device.set", "OPTION NOHDRS\n%zu %s\n", size, dax);
	is_int(pool_open(set, size, &pool), 0,
		"device DAX: after the removal, the device opens as a pool without headers");
	const char *base = pool_base(pool);
	size_t left = 0;
	for (size_t i = 0; i < 2 * MIB; i++)
		left += base[i] != 0;
	is_int(left, 0, "device DAX: removing zeroes the first 2 MiB");
	is_int(base[2 * MIB], 'y',
		"device DAX: removing does not change the bytes after the first 2 MiB");
	pool_close(pool);
	pool_set_free(set);
	set = set_of("device.set", "%zu %s\n", size - alignment, dax);
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EINVAL,
		"device DAX: a set with another size than the device's is refused");
	pool_set_free(set);
	set = set_of("device.set", "AUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), 0,
		"device DAX: a set with AUTO takes the size of the device");
	pool_discard(pool);
	is_int(pool_open(set, size, &pool), -EINVAL, "device DAX: a discarded pool does not open");
	has_str(err_get(), "has no header", "device DAX: a discarded pool has no header");
	pool_set_free(set);
}

static void device_and_file(void)
{
	struct pool_set *set = set_of("two.set", "AUTO %s\n4M @/file\n", dax);
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, size, &attr, &pool), 0,
		"pool set with a DAX device before a file: a pool with a header in each part is created");
	ok(!pool_is_device(pool),
		"pool set with a DAX device before a file: the pool does not count as a device");
	is_int(pool_size(pool), size + 4 * MIB - 4096,
		"pool set with a DAX device before a file: the pool has the size of both parts less one header page");
	memset((char *)pool_base(pool) + size - 1, 'x', 2);
	is_int(pool_deep_sync(pool, size - 1, 2, 0), 0,
		"pool set with a DAX device before a file: a deep sync of bytes in both parts succeeds");
	pool_discard(pool);
	ok(!pooldir_has("file"),
		"pool set with a DAX device before a file: discarding the pool unlinks the file");
	pool_set_free(set);
	set = set_of("two.set", "4M @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), -EINVAL,
		"pool set with a file before a DAX device: a pool with a header in each part is refused");
	has_str(err_get(), "OPTION SINGLEHDR or NOHDRS is needed",
		"pool set with a file before a DAX device: the message names the options to use");
	pool_set_free(set);
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	set = set_of("two.set", "OPTION SINGLEHDR\n4M @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), 0,
		"pool set with a file before a DAX device: a set with a single header is created");
	memset((char *)pool_base(pool) + 4 * MIB, 'w', 1);
	pool_close(pool);
	is_int(pool_open(set, size, &pool), 0,
		"pool set with a file before a DAX device: the pool opens again");
	ok(((char *)pool_base(pool))[4 * MIB] == 'w',
		"pool set with a file before a DAX device: a reopened pool has the bytes that were stored");
	pool_discard(pool);
	is_int(pool_remove(pooldir_root, "two.set", 0), 0,
		"pool set with a file before a DAX device: the pool is removed");
	pool_set_free(set);
	set = set_of("two.set", "OPTION SINGLEHDR\n5000K @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), -EINVAL,
		"pool set with a file before a DAX device: a file size that is not a multiple of the device's alignment is refused");
	has_str(err_get(), "can be mapped at multiples of",
		"pool set with a file before a DAX device: the message has the alignment of the device");
	ok(!pooldir_has("file"),
		"pool set with a file before a DAX device: a refused create leaves no file");
	pool_set_free(set);
}

static void file_on_dax(void)
{
	struct pool_set *set = set_of("file.set", "4M @/f0\n4M @/f1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, 4 * MIB, &attr, &pool), 0, "files on DAX: a pool is created");
	ok(pool_granularity(pool) != PMEM2_GRANULARITY_PAGE,
		"files on DAX: the pool needs no write-back");
	memset((char *)pool_base(pool) + 4 * MIB, 'f', 1);
	is_int(pool_deep_sync(pool, 0, pool_size(pool), 0), 0,
		"files on DAX: a deep sync succeeds");
	pool_close(pool);
	is_int(pool_open(set, 4 * MIB, &pool), 0, "files on DAX: the pool opens again");
	ok(((char *)pool_base(pool))[4 * MIB] == 'f',
		"files on DAX: a reopened pool has the bytes that were stored");
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "file.set", 0), 0, "files on DAX: the pool is removed");
	pool_set_free(set);
}

/* Opens a pool that a killed process had open: the shutdown state must match the NVDIMMs. */
static void left_open(const char *directory, const char *name)
{
	struct pool_set *set;
	struct pool *pool;

	if (pool_set_load(directory, name, &set))
		bail("%s", err_get());
	if (is_int(pool_open(set, 2 * MIB, &pool), 0,
		    "pool set %s: a pool whose process was killed opens", name))
		is_int(pool_close(pool), 0,
			"pool set: a pool that was opened after its process was killed closes");
	else
		diag("%s", err_get());
	pool_set_free(set);
}

int main(int argc, char *argv[])
{
	if (argc == 3) {
		pooldir_open(NULL);
		left_open(argv[1], argv[2]);
		pooldir_close();
		return tap_done();
	}
	dax = getenv("DAX");
	if (!dax)
		skip_all("DAX is not set to a device; `lab/run nvdimm pool` sets it");
	pooldir_open(NULL);
	look();
	device_alone();
	device_and_file();
	file_on_dax();
	pooldir_close();
	return tap_done();
}
