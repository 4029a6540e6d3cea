/* SPDX-License-Identifier: BSD-3-Clause */
/* pool.c - tests creating, opening and removing pools: their bytes, sizes, headers and locks */
#include <limits.h>
#include <sys/file.h>

#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

static const struct rpmem_pool_attr *zeros(void)
{
	static const struct rpmem_pool_attr zero;

	return &zero;
}

static struct pool *make(
	const struct pool_set *set, size_t size, const struct rpmem_pool_attr *attr)
{
	struct pool *pool = NULL;

	if (pool_create(set, size, attr, &pool))
		bail("pool_create: %s", err_get());
	return pool;
}

static struct pool *reopen(const struct pool_set *set, size_t size)
{
	struct pool *pool = NULL;

	if (pool_open(set, size, &pool))
		bail("pool_open: %s", err_get());
	return pool;
}

/* Reads one byte of a file by a system call, not through a mapping. */
static int byte_at(const char *name, off_t offset)
{
	unsigned char byte = 0;
	int fd = open(pooldir_path(name), O_RDONLY);

	if (fd < 0 || pread(fd, &byte, 1, offset) != 1)
		bail("cannot read %s: %m", name);
	close(fd);
	return byte;
}

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(pooldir_path(name), &st) ? -1 : st.st_size;
}

static void several_parts(void)
{
	struct pool_set *set = pooldir_set("three.set", "3M @/a\n2M @/b # the second\n4MiB @/c\n");
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_CHECKSUM_2K), found;
	size_t size = 9 * MIB - 2 * 4096;
	struct pool *pool = make(set, size, &attr);
	char *base = pool_base(pool);

	is_int(pool_size(pool), size,
		"pool_size: the size is that of all parts, less a page for each header but the first");
	is_int(pool_guard(pool), 4096,
		"pool_guard: the other machine may not write to the first page of a pool with headers");
	is_int(pool_granularity(pool), PMEM2_GRANULARITY_PAGE,
		"pool_granularity: returns PAGE for files in the page cache");
	ok(!pool_is_device(pool), "pool_is_device: returns false for files");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"pool_attributes: returns the attributes that pool_create was given");
	base[4096] = 1;
	base[3 * MIB - 1] = 2;
	base[3 * MIB] = 3;
	base[5 * MIB - 4096] = 4;
	base[size - 1] = 5;
	is_int(pool_deep_sync(pool, 3 * MIB - 1, 2 * MIB, 0), 0,
		"pool_deep_sync: a range over three parts succeeds");
	is_int(pool_deep_sync(pool, size, 0, 0), 0,
		"pool_deep_sync: an empty range at the end succeeds");
	is_int(pool_deep_sync(pool, size, 1, 0), -EINVAL,
		"pool_deep_sync: a byte beyond the end of the pool is refused");
	is_int(pool_deep_sync(pool, 4096, SIZE_MAX, 0), -EINVAL,
		"pool_deep_sync: a length that overflows is refused");
	is_int(pool_close(pool), 0, "three parts: the pool closes");
	is_int(byte_at("a", 4096) * 10 + byte_at("a", 3 * MIB - 1), 12,
		"three parts: the first part has the bytes that were stored");
	is_int(byte_at("b", 4096) * 10 + byte_at("c", 4096), 34,
		"three parts: data of the other parts begins after their header page");
	is_int(byte_at("c", 4 * MIB - 1), 5,
		"three parts: the last byte of the pool is the last of the third part");

	pool = reopen(set, size);
	base = pool_base(pool);
	is_int(base[4096] + base[3 * MIB - 1] + base[3 * MIB] + base[5 * MIB - 4096] +
			base[size - 1],
		15, "pool_open: the bytes of a reopened pool are unchanged");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"pool_open: the attributes of a reopened pool are unchanged");
	is_int(pool_close(pool), 0, "pool_open: a reopened pool closes");
	pool = NULL;
	is_int(pool_open(set, size + 1, &pool), -EFBIG,
		"pool_open: asking for a byte more than the set has gives EFBIG");
	ok(!pool, "pool_open: the output is unchanged on failure");
	pool_set_free(set);
}

static void single_header(void)
{
	struct pool_set *set = pooldir_set("single.set", "OPTION SINGLEHDR\n2M @/s0\n2M @/s1\n");
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SINGLEHDR);
	struct pool *pool = make(set, 4 * MIB, &attr);

	is_int(pool_size(pool), 4 * MIB,
		"pool_size: with SINGLEHDR only the first part has a header page, which counts as part of the pool");
	memset((char *)pool_base(pool) + 2 * MIB, 7, 10);
	is_int(pool_close(pool), 0, "SINGLEHDR: the pool closes");
	is_int(byte_at("s1", 0), 7, "SINGLEHDR: the second part has no header");
	pool_close(reopen(set, 4 * MIB));
	attr.incompat_features = 0;
	is_int(pool_create(set, 4 * MIB, &attr, &pool), -EINVAL,
		"pool_create: attributes for several headers are refused for SINGLEHDR");
	pool_set_free(set);
	set = pooldir_set("many.set", "2M @/m0\n2M @/m1\n");
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EINVAL,
		"pool_create: single-header attributes are refused for a set with a header in each part");
	is_int(pool_create(set, 2 * MIB, NULL, &pool), -EINVAL,
		"pool_create: NULL as attributes is refused for a set with headers");
	is_int(pool_create(set, 2 * MIB, zeros(), &pool), -EINVAL,
		"pool_create: attributes of zeros are refused for a set with headers");
	ok(!pooldir_has("m0"), "pool_create: a call with refused attributes makes no file");
	pool_set_free(set);
}

static void no_headers(void)
{
	struct pool_set *set = pooldir_set("none.set", "OPTION NOHDRS\n2M @/n0\n3M @/n1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, 5 * MIB, &attr, &pool), -EINVAL,
		"pool_create: attributes are refused for NOHDRS");
	pool = make(set, 5 * MIB, NULL);
	is_int(pool_guard(pool), 0,
		"pool_guard: the other machine may write to all bytes of a pool with the option NOHDRS");
	ok(!pool_attributes(pool, &attr) && !memcmp(&attr, zeros(), sizeof(attr)),
		"pool_attributes: with NOHDRS the attributes are zeros");
	is_int(pool_set_attributes(pool, zeros()), 0,
		"pool_set_attributes: zeros are accepted for NOHDRS");
	is_int(pool_set_attributes(pool, NULL), 0,
		"pool_set_attributes: NULL is accepted for NOHDRS");
	attr = pooldir_attr(0);
	is_int(pool_set_attributes(pool, &attr), -EINVAL,
		"pool_set_attributes: attributes that are not zero are refused for NOHDRS");
	memset(pool_base(pool), 9, 2 * MIB + 1);
	is_int(pool_close(pool), 0, "NOHDRS: the pool closes");
	is_int(byte_at("n0", 0) * 10 + byte_at("n1", 0), 99,
		"NOHDRS: data begins with the first byte of each part");
	pool_close(reopen(set, 5 * MIB));
	pool_set_free(set);
}

static void change_attributes(void)
{
	struct pool_set *set = pooldir_set("set.set", "2M @/x0\n2M @/x1\n2M @/x2\n");
	struct rpmem_pool_attr attr = pooldir_attr(0), found;
	struct pool *pool = make(set, 2 * MIB, &attr);

	attr.uuid[0] = 0xee;
	attr.poolset_uuid[1] = 0xdd;
	memcpy(attr.signature, "OTHERS\0", 8);
	attr.incompat_features = POOL_INCOMPAT_CHECKSUM_2K;
	is_int(pool_set_attributes(pool, &attr), 0,
		"pool_set_attributes: new attributes replace the old ones");
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	is_int(pool_set_attributes(pool, &attr), -EINVAL,
		"pool_set_attributes: single-header attributes are refused for several headers");
	attr.incompat_features = POOL_INCOMPAT_CHECKSUM_2K;
	pool_close(pool);
	pool = reopen(set, 2 * MIB);
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"pool_set_attributes: the pool still has the new attributes after pool_open");
	is_int(pool_set_attributes(pool, NULL), 0,
		"pool_set_attributes: NULL removes the attributes");
	ok(pool_attributes(pool, &found) && !memcmp(&found, zeros(), sizeof(found)),
		"pool_attributes: returns zeros after pool_set_attributes with NULL");
	pool_close(pool);
	pool = reopen(set, 2 * MIB);
	ok(pool_attributes(pool, &found) && !memcmp(&found, zeros(), sizeof(found)),
		"pool_attributes: returns zeros also after reopening a pool without attributes");
	is_int(pool_guard(pool), 4096,
		"pool_guard: the other machine may not write to the first page if the attributes in the header were removed");
	is_int(pool_set_attributes(pool, &attr), 0,
		"pool_set_attributes: a pool without attributes can be given attributes again");
	pool_close(pool);
	pool_close(reopen(set, 2 * MIB));
	pool_set_free(set);
}

static void locks(void)
{
	struct pool_set *set = pooldir_set("lock.set", "2M @/l0\n2M @/l1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = make(set, 2 * MIB, &attr), *other = NULL;

	is_int(pool_open(set, 2 * MIB, &other), -EBUSY,
		"pool_open: a pool that is open gives EBUSY");
	has_str(err_get(), "l0 is in use", "pool_open: the message names the part in use");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -EBUSY,
		"pool_remove: a pool that is open gives EBUSY");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE), -EBUSY,
		"pool_remove: a pool that is open gives EBUSY also with FORCE");
	ok(pooldir_has("l0") && pooldir_has("l1"),
		"pool_remove: FORCE does not remove an open pool");
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "lock.set", 0), 0,
		"pool_remove: a closed pool is removed");
	ok(!pooldir_has("l0") && !pooldir_has("l1"),
		"pool_remove: all parts of a removed pool are gone");
	ok(pooldir_has("lock.set"), "pool_remove: the set file is not removed");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -ENOENT,
		"pool_remove: a removed pool gives ENOENT");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE | POOL_REMOVE_SET_FILE), 0,
		"pool_remove: with FORCE removing a missing pool succeeds, and SET_FILE removes its set file");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE), 0,
		"pool_remove: with FORCE removing a pool without a set file succeeds");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -ENOENT,
		"pool_remove: a missing set file gives ENOENT");
	pool_set_free(set);
}

/*
 * -ENOENT is reserved for a pool that has not been created: a program that gets this error creates
 * one. A pool of which only some parts are missing gives -EREMOTEIO.
 */
static void missing(void)
{
	struct pool_set *set = pooldir_set("gone.set", "2M @/disk/g0\n2M @/g1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	char disk[PATH_MAX], away[PATH_MAX], second[PATH_MAX];
	struct pool *pool;

	snprintf(disk, sizeof(disk), "%s/disk", pooldir_root);
	snprintf(away, sizeof(away), "%s/away", pooldir_root);
	snprintf(second, sizeof(second), "%s/g1", pooldir_root);
	is_int(pool_open(set, 2 * MIB, &pool), -EREMOTEIO,
		"pool_open: a missing directory of the first part gives EREMOTEIO");
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EREMOTEIO,
		"pool_create: a missing directory of a part gives EREMOTEIO");
	has_str(err_get(), "disk/g0",
		"pool_create: the message names the part whose directory is missing");
	ok(!pooldir_has("g1"),
		"pool_create: a failure because of a missing directory leaves no other part behind");
	is_int(pool_remove(pooldir_root, "gone.set", 0), -EREMOTEIO,
		"pool_remove: a missing directory of a part gives EREMOTEIO");
	if (mkdir(disk, 0755))
		bail("mkdir: %m");
	is_int(pool_open(set, 2 * MIB, &pool), -ENOENT, "pool_open: a missing pool gives ENOENT");
	pool_close(make(set, 2 * MIB, &attr));
	unlink(second);
	is_int(pool_open(set, 2 * MIB, &pool), -EREMOTEIO,
		"pool_open: a missing second part gives EREMOTEIO");
	is_int(pool_look(set, &pool), -EREMOTEIO,
		"pool_look: a missing second part gives EREMOTEIO");
	is_int(pool_remove(pooldir_root, "gone.set", 0), -EREMOTEIO,
		"pool_remove: a missing second part gives EREMOTEIO");
	ok(pooldir_has("disk/g0"),
		"pool_remove: a failure because of a missing second part leaves the first one");
	if (rename(disk, away))
		bail("rename: %m");
	is_int(pool_open(set, 2 * MIB, &pool), -EREMOTEIO,
		"pool_open: if the directory of a part was renamed, the call gives EREMOTEIO");
	if (rename(away, disk))
		bail("rename: %m");
	is_int(pool_remove(pooldir_root, "gone.set", POOL_REMOVE_FORCE), 0,
		"pool_remove: with FORCE an incomplete pool is removed");
	ok(!pooldir_has("disk/g0"),
		"pool_remove: with FORCE no part of an incomplete pool is left");
	pool_set_free(set);
	rmdir(disk);
}

static void directories(void)
{
	struct pool_set *set;
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SINGLEHDR);

	mkdir(pooldir_path("d0"), 0755);
	mkdir(pooldir_path("d1"), 0755);
	set = pooldir_set("dir.set", "OPTION SINGLEHDR\n6M @/d0\n4M @/d1\n");
	struct pool *pool = make(set, 3 * MIB, &attr);
	is_int(pool_size(pool), 3 * MIB,
		"pool in directories: a pool has the size that was asked for");
	is_int(size_of("d0/000000.pmem"), 3 * MIB,
		"pool in directories: the first file is 000000.pmem");
	memset((char *)pool_base(pool) + 3 * MIB - 1, 5, 1);
	pool_close(pool);
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EEXIST,
		"pool_create: a pool in directories that exists gives EEXIST");
	pool = reopen(set, 8 * MIB);
	is_int(pool_size(pool), 8 * MIB,
		"pool in directories: pool_open with a larger size lets a pool grow");
	is_int(size_of("d0/000001.pmem"), 3 * MIB,
		"pool in directories: a growing pool fills the first directory first");
	is_int(size_of("d1/000002.pmem"), 2 * MIB,
		"pool in directories: the second directory takes the rest of a growing pool");
	is_int(((char *)pool_base(pool))[3 * MIB - 1], 5,
		"pool in directories: a grown pool has its old bytes");
	pool_close(pool);
	is_int(pool_open(set, 11 * MIB, &pool), -EFBIG,
		"pool in directories: a pool does not grow beyond the size of its set");
	is_int(pooldir_has("d1/000003.pmem"), 0,
		"pool in directories: a refused pool_open makes no file");
	pool_close(reopen(set, 8 * MIB));
	rename(pooldir_path("d0/000001.pmem"), pooldir_path("d0/gone"));
	is_int(pool_open(set, 8 * MIB, &pool), -EINVAL,
		"pool in directories: a missing file between two others gives EINVAL");
	rename(pooldir_path("d0/gone"), pooldir_path("d0/000001.pmem"));
	is_int(pool_remove(pooldir_root, "dir.set", 0), 0,
		"pool_remove: a pool in directories is removed");
	ok(!pooldir_has("d0/000000.pmem") && !pooldir_has("d1/000002.pmem"),
		"pool_remove: all files of a pool in directories are gone");
	pool_set_free(set);
	set = pooldir_set("mixed.set", "OPTION SINGLEHDR\n6M @/d0\n4M @/file\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EINVAL,
		"pool_create: a set with both files and directories is refused");
	pool_set_free(set);
	set = pooldir_set("plain.set", "6M @/d0\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EINVAL,
		"pool_create: a set with directories and a header in each part is refused");
	pool_set_free(set);
}

int main(void)
{
	pooldir_open(NULL);
	several_parts();
	single_header();
	no_headers();
	change_attributes();
	locks();
	missing();
	directories();
	pooldir_close();
	return tap_done();
}
