/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools: made, opened again, with their bytes where they belong and their headers as they were. */
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

/* A byte in the file, past any mapping. */
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
		"pool_size: all parts, less a page for each header but the first");
	is_int(pool_guard(pool), 4096, "the first page is the pool's own");
	is_int(pool_granularity(pool), PMEM2_GRANULARITY_PAGE, "files in the page cache");
	ok(!pool_is_device(pool), "are no DAX devices");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"the attributes are what they were made with");
	base[4096] = 1;
	base[3 * MIB - 1] = 2;
	base[3 * MIB] = 3;
	base[5 * MIB - 4096] = 4;
	base[size - 1] = 5;
	is_int(pool_deep_sync(pool, 3 * MIB - 1, 2 * MIB, 0), 0, "a deep sync over three parts");
	is_int(pool_deep_sync(pool, size, 0, 0), 0, "of nothing, at the end");
	is_int(pool_deep_sync(pool, size, 1, 0), -EINVAL, "and beyond it");
	is_int(pool_deep_sync(pool, 4096, SIZE_MAX, 0), -EINVAL, "of more than there is");
	is_int(pool_close(pool), 0, "closed");
	is_int(byte_at("a", 4096) * 10 + byte_at("a", 3 * MIB - 1), 12, "the first part is whole");
	is_int(byte_at("b", 4096) * 10 + byte_at("c", 4096), 34, "the others begin after a page");
	is_int(byte_at("c", 4 * MIB - 1), 5, "and end with it");

	pool = reopen(set, size);
	base = pool_base(pool);
	is_int(base[4096] + base[3 * MIB - 1] + base[3 * MIB] + base[5 * MIB - 4096] +
			base[size - 1],
		15, "opened again, all is where it was");
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"with the same attributes");
	is_int(pool_close(pool), 0, "and closed");
	pool = NULL;
	is_int(pool_open(set, size + 1, &pool), -EFBIG, "a byte more than there is");
	ok(!pool, "is no pool");
	pool_set_free(set);
}

static void single_header(void)
{
	struct pool_set *set = pooldir_set("single.set", "OPTION SINGLEHDR\n2M @/s0\n2M @/s1\n");
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SINGLEHDR);
	struct pool *pool = make(set, 4 * MIB, &attr);

	is_int(pool_size(pool), 4 * MIB, "with one header, no page of the others is lost");
	memset((char *)pool_base(pool) + 2 * MIB, 7, 10);
	is_int(pool_close(pool), 0, "closed");
	is_int(byte_at("s1", 0), 7, "the second part has no header");
	pool_close(reopen(set, 4 * MIB));
	attr.incompat_features = 0;
	is_int(pool_create(set, 4 * MIB, &attr, &pool), -EINVAL,
		"attributes for many headers do not go with OPTION SINGLEHDR");
	pool_set_free(set);
	set = pooldir_set("many.set", "2M @/m0\n2M @/m1\n");
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	is_int(pool_create(set, 2 * MIB, &attr, &pool), -EINVAL, "nor the other way round");
	is_int(pool_create(set, 2 * MIB, NULL, &pool), -EINVAL, "headers need attributes");
	is_int(pool_create(set, 2 * MIB, zeros(), &pool), -EINVAL, "and not zeros");
	ok(!pooldir_has("m0"), "and no file was made");
	pool_set_free(set);
}

static void no_headers(void)
{
	struct pool_set *set = pooldir_set("none.set", "OPTION NOHDRS\n2M @/n0\n3M @/n1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = NULL;

	is_int(pool_create(set, 5 * MIB, &attr, &pool), -EINVAL,
		"attributes do not go with OPTION NOHDRS");
	pool = make(set, 5 * MIB, NULL);
	is_int(pool_guard(pool), 0, "nothing at the beginning is the pool's");
	ok(!pool_attributes(pool, &attr) && !memcmp(&attr, zeros(), sizeof(attr)),
		"no attributes are zeros");
	is_int(pool_set_attributes(pool, zeros()), 0, "which they may be again");
	is_int(pool_set_attributes(pool, NULL), 0, "in either way");
	attr = pooldir_attr(0);
	is_int(pool_set_attributes(pool, &attr), -EINVAL, "and nothing else");
	memset(pool_base(pool), 9, 2 * MIB + 1);
	is_int(pool_close(pool), 0, "closed");
	is_int(byte_at("n0", 0) * 10 + byte_at("n1", 0), 99, "all of the parts is the peer's");
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
	is_int(pool_set_attributes(pool, &attr), 0, "other attributes");
	attr.incompat_features = POOL_INCOMPAT_SINGLEHDR;
	is_int(pool_set_attributes(pool, &attr), -EINVAL, "but not those of a single header");
	attr.incompat_features = POOL_INCOMPAT_CHECKSUM_2K;
	pool_close(pool);
	pool = reopen(set, 2 * MIB);
	ok(pool_attributes(pool, &found) && !memcmp(&found, &attr, sizeof(attr)),
		"are there when it is opened again, and all links fit");
	is_int(pool_set_attributes(pool, NULL), 0, "pool_set_attributes: NULL takes them away");
	ok(pool_attributes(pool, &found) && !memcmp(&found, zeros(), sizeof(found)), "are zeros");
	pool_close(pool);
	pool = reopen(set, 2 * MIB);
	ok(pool_attributes(pool, &found) && !memcmp(&found, zeros(), sizeof(found)),
		"also when it is opened again");
	is_int(pool_guard(pool), 4096, "the headers are still there");
	is_int(pool_set_attributes(pool, &attr), 0, "and can be given attributes");
	pool_close(pool);
	pool_close(reopen(set, 2 * MIB));
	pool_set_free(set);
}

static void locks(void)
{
	struct pool_set *set = pooldir_set("lock.set", "2M @/l0\n2M @/l1\n");
	struct rpmem_pool_attr attr = pooldir_attr(0);
	struct pool *pool = make(set, 2 * MIB, &attr), *other = NULL;

	is_int(pool_open(set, 2 * MIB, &other), -EBUSY, "a pool is open once");
	has_str(err_get(), "l0 is in use", "and the sentence says which part");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -EBUSY, "nor is it removed");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE), 0, "not even by force,");
	ok(pooldir_has("l0") && pooldir_has("l1"), "which only says nothing");
	pool_close(pool);
	is_int(pool_remove(pooldir_root, "lock.set", 0), 0, "after it is closed, it is removed");
	ok(!pooldir_has("l0") && !pooldir_has("l1"), "with all parts");
	ok(pooldir_has("lock.set"), "but for the set");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -ENOENT, "a second time there is none");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE | POOL_REMOVE_SET_FILE), 0,
		"which force ignores");
	is_int(pool_remove(pooldir_root, "lock.set", POOL_REMOVE_FORCE), 0, "a missing set, too");
	is_int(pool_remove(pooldir_root, "lock.set", 0), -ENOENT, "which is an error otherwise");
	pool_set_free(set);
}

static void directories(void)
{
	struct pool_set *set;
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_SINGLEHDR);

	mkdir(pooldir_path("d0"), 0755);
	mkdir(pooldir_path("d1"), 0755);
	set = pooldir_set("dir.set", "OPTION SINGLEHDR\n6M @/d0\n4M @/d1\n");
	struct pool *pool = make(set, 3 * MIB, &attr);
	is_int(pool_size(pool), 3 * MIB, "in directories, a pool is as large as it has to be");
	is_int(size_of("d0/000000.pmem"), 3 * MIB, "in a file with the number 0");
	memset((char *)pool_base(pool) + 3 * MIB - 1, 5, 1);
	pool_close(pool);
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EEXIST, "and is made once");
	pool = reopen(set, 8 * MIB);
	is_int(pool_size(pool), 8 * MIB, "opened with more, it grows");
	is_int(size_of("d0/000001.pmem"), 3 * MIB, "in its first directory as far as that goes");
	is_int(size_of("d1/000002.pmem"), 2 * MIB, "and then in the next");
	is_int(((char *)pool_base(pool))[3 * MIB - 1], 5, "what was there is there");
	pool_close(pool);
	is_int(pool_open(set, 11 * MIB, &pool), -EFBIG, "not beyond what the set allows");
	is_int(pooldir_has("d1/000003.pmem"), 0, "and nothing is made for that");
	pool_close(reopen(set, 8 * MIB));
	rename(pooldir_path("d0/000001.pmem"), pooldir_path("d0/gone"));
	is_int(pool_open(set, 8 * MIB, &pool), -EINVAL, "a part is missing in the middle");
	rename(pooldir_path("d0/gone"), pooldir_path("d0/000001.pmem"));
	is_int(pool_remove(pooldir_root, "dir.set", 0), 0, "removed");
	ok(!pooldir_has("d0/000000.pmem") && !pooldir_has("d1/000002.pmem"), "with all of them");
	pool_set_free(set);
	set = pooldir_set("mixed.set", "OPTION SINGLEHDR\n6M @/d0\n4M @/file\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EINVAL, "files beside directories");
	pool_set_free(set);
	set = pooldir_set("plain.set", "6M @/d0\n");
	is_int(pool_create(set, 3 * MIB, &attr, &pool), -EINVAL, "directories and many headers");
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
	directories();
	pooldir_close();
	return tap_done();
}
