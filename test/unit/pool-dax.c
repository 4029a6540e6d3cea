/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools on a DAX device and on a DAX file system, which are given as DAX (the device) and TMPDIR;
 * and with two arguments, a directory and the name of a set in it, a pool that somebody else has
 * left. This is for the lab.
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
		bail("%s is no DAX device", dax);
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
	if (!is_int(pool_create(set, size, &attr, &pool), 0, "a pool on a DAX device")) {
		diag("%s", err_get());
		return;
	}
	is_int(pool_size(pool), size, "which is all of it");
	ok(pool_is_device(pool), "and may be given to a card");
	ok(pool_granularity(pool) != PMEM2_GRANULARITY_PAGE, "without write-back");
	memset((char *)pool_base(pool) + size - 100, 'z', 100);
	is_int(pool_deep_sync(pool, size - 100, 100, 0), 0, "a deep sync");
	is_int(pool_close(pool), 0, "closed");
	is_int(pool_create(set, size, &attr, &pool), -EEXIST, "it is made once");
	is_int(pool_open(set, size + 1, &pool), -EFBIG, "it is not larger");
	is_int(pool_open(set, size, &pool), 0, "opened");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)), "as it was");
	ok(((char *)pool_base(pool))[size - 1] == 'z', "with its bytes");
	struct pool *other;
	is_int(pool_open(set, size, &other), -EBUSY, "by one");
	attr.major = 8;
	is_int(pool_set_attributes(pool, &attr), 0, "its attributes changed");
	pool_close(pool);
	is_int(pool_open(set, size, &pool), 0, "and opened again");
	ok(pool_attributes(pool, &found) && found.major == 8, "they are");
	memset((char *)pool_base(pool) + 4096, 'y', 4 * MIB);
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "device.set", 0), 0, "removed");
	pool_set_free(set);
	set = set_of("device.set", "OPTION NOHDRS\n%zu %s\n", size, dax);
	is_int(pool_open(set, size, &pool), 0, "looked at without headers, by its size");
	const char *base = pool_base(pool);
	size_t left = 0;
	for (size_t i = 0; i < 2 * MIB; i++)
		left += base[i] != 0;
	is_int(left, 0, "its first 2 MiB are zeros");
	is_int(base[2 * MIB], 'y', "and the others are not");
	pool_close(pool);
	pool_set_free(set);
	set = set_of("device.set", "%zu %s\n", size - alignment, dax);
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EINVAL, "another size is refused");
	pool_set_free(set);
	set = set_of("device.set", "AUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), 0, "made again");
	pool_discard(pool);
	is_int(pool_open(set, size, &pool), -EINVAL, "and discarded");
	has_str(err_get(), "has no header", "there is no header");
	pool_set_free(set);
}

static void device_and_file(void)
{
	struct pool_set *set = set_of("two.set", "AUTO %s\n4M @/file\n", dax);
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, size, &attr, &pool), 0,
		"a device before a file, each with a header");
	ok(!pool_is_device(pool), "is no device");
	is_int(pool_size(pool), size + 4 * MIB - 4096, "both");
	memset((char *)pool_base(pool) + size - 1, 'x', 2);
	is_int(pool_deep_sync(pool, size - 1, 2, 0), 0, "a deep sync over both");
	pool_discard(pool);
	ok(!pooldir_has("file"), "discarded, the file is gone");
	pool_set_free(set);
	set = set_of("two.set", "4M @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), -EINVAL, "a header after a file");
	has_str(err_get(), "OPTION SINGLEHDR or NOHDRS is needed", "with the way out");
	pool_set_free(set);
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	set = set_of("two.set", "OPTION SINGLEHDR\n4M @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), 0, "which is one");
	memset((char *)pool_base(pool) + 4 * MIB, 'w', 1);
	pool_close(pool);
	is_int(pool_open(set, size, &pool), 0, "opened");
	ok(((char *)pool_base(pool))[4 * MIB] == 'w', "with its bytes");
	pool_discard(pool);
	is_int(pool_remove(pooldir_root, "two.set", 0), 0, "removed");
	pool_set_free(set);
	set = set_of("two.set", "OPTION SINGLEHDR\n5000K @/file\nAUTO %s\n", dax);
	is_int(pool_create(set, size, &attr, &pool), -EINVAL, "a file that ends in the middle");
	has_str(err_get(), "can be mapped at multiples of", "of what the device is mapped in");
	ok(!pooldir_has("file"), "nothing is left");
	pool_set_free(set);
}

static void file_on_dax(void)
{
	struct pool_set *set = set_of("file.set", "4M @/f0\n4M @/f1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, 4 * MIB, &attr, &pool), 0, "files on DAX");
	ok(pool_granularity(pool) != PMEM2_GRANULARITY_PAGE, "need no write-back");
	memset((char *)pool_base(pool) + 4 * MIB, 'f', 1);
	is_int(pool_deep_sync(pool, 0, pool_size(pool), 0), 0, "a deep sync");
	pool_close(pool);
	is_int(pool_open(set, 4 * MIB, &pool), 0, "opened");
	ok(((char *)pool_base(pool))[4 * MIB] == 'f', "with its bytes");
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "file.set", 0), 0, "removed");
	pool_set_free(set);
}

/* Open when its process was killed: what it noted of the modules is what we find. */
static void left_open(const char *directory, const char *name)
{
	struct pool_set *set;
	struct pool *pool;

	if (pool_set_load(directory, name, &set))
		bail("%s", err_get());
	if (is_int(pool_open(set, 2 * MIB, &pool), 0, "%s is opened", name))
		is_int(pool_close(pool), 0, "and closed");
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
		skip_all("DAX names no device; lab/run nvdimm pool does");
	pooldir_open(NULL);
	look();
	device_alone();
	device_and_file();
	file_on_dax();
	pooldir_close();
	return tap_done();
}
