/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-header.c - tests headers of pool parts: their bytes, their checksum, and which headers are
 * refused
 */
#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

/* The first 144 bytes and the checksum of a header that pmempool 1.12.1 made on x86-64. */
static const uint8_t recorded[] = {0x50, 0x4d, 0x45, 0x4d, 0x4f, 0x42, 0x4a, 0x00, 0x06, 0x00, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc1, 0xf2,
	0x29, 0x22, 0xe0, 0x30, 0x87, 0x40, 0xa0, 0x04, 0x3d, 0x69, 0xf6, 0x20, 0x04, 0xf0, 0x86,
	0x36, 0x55, 0x8e, 0xc2, 0xc2, 0x9e, 0x4b, 0x83, 0x8b, 0xcc, 0x27, 0x81, 0xbb, 0xf7, 0xeb,
	0xb2, 0x55, 0x0c, 0xd8, 0xe1, 0xe5, 0xfb, 0x43, 0xab, 0x65, 0xd7, 0xc2, 0xa3, 0xfa, 0x34,
	0x57, 0xb2, 0x55, 0x0c, 0xd8, 0xe1, 0xe5, 0xfb, 0x43, 0xab, 0x65, 0xd7, 0xc2, 0xa3, 0xfa,
	0x34, 0x57, 0x86, 0x36, 0x55, 0x8e, 0xc2, 0xc2, 0x9e, 0x4b, 0x83, 0x8b, 0xcc, 0x27, 0x81,
	0xbb, 0xf7, 0xeb, 0x86, 0x36, 0x55, 0x8e, 0xc2, 0xc2, 0x9e, 0x4b, 0x83, 0x8b, 0xcc, 0x27,
	0x81, 0xbb, 0xf7, 0xeb, 0x25, 0x09, 0x01, 0x6b, 0x00, 0x00, 0x00, 0x00, 0x10, 0x73, 0x77,
	0x37, 0xf7, 0x07, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x3e, 0x00};
static const uint8_t recorded_sum[] = {0xb7, 0x56, 0x8a, 0xe1, 0x54, 0x33, 0x8a, 0x02};

static void of_the_original(void)
{
	uint8_t page[HEADER_SIZE] = {0}, again[HEADER_SIZE] = {0};
	struct header header;

	memcpy(page, recorded, sizeof(recorded));
	memcpy(page + 4088, recorded_sum, sizeof(recorded_sum));
	ok(header_decode(&header, page), "header_decode: a header made by pmempool is accepted");
	is_str(header.attr.signature, "PMEMOBJ", "header_decode: the signature is read");
	is_int(header.attr.major, 6, "header_decode: the major version is read");
	is_int(header.attr.compat_features, 1, "header_decode: compatible features are read");
	is_int(header.attr.incompat_features, 6, "header_decode: incompatible features are read");
	is_int(header.created, 0x6b010925, "header_decode: the time of creation is read");
	is_int(header.attr.user_flags[0], 0x10, "header_decode: user flags are read");
	ok(!memcmp(header.attr.uuid, header.attr.prev_uuid, UUID_SIZE),
		"header_decode: the only part of a pool has its own UUID as that of the previous part");
	ok(header.shutdown_valid && !header.shutdown.dirty,
		"header_decode: the shutdown state is that of a closed pool");
	header_encode(again, &header);
	ok(!memcmp(page, again, sizeof(page)),
		"header_encode: a decoded header is encoded to the same bytes");
	for (size_t at = 0; at < 2048; at += 127) {
		page[at] ^= 0x40;
		ok(!header_decode(&header, page), "header_decode: the checksum covers byte %zu",
			at);
		page[at] ^= 0x40;
	}
	page[2048] = 1;
	ok(header_decode(&header, page),
		"header_decode: with CHECKSUM_2K the checksum does not cover the second half");
	page[4088] ^= 1;
	ok(!header_decode(&header, page), "header_decode: a wrong checksum is refused");
}

/*
 * A header has the UUIDs of the four neighbours of its part. This test gives all four different
 * values, because some are equal in the header that pmempool made.
 */
static void neighbours(void)
{
	struct header header = {.attr = pooldir_attr(0)};
	uint8_t page[HEADER_SIZE] = {0};

	memset(header.previous_part, 'a', UUID_SIZE);
	memset(header.next_part, 'b', UUID_SIZE);
	memset(header.attr.prev_uuid, 'c', UUID_SIZE);
	memset(header.attr.next_uuid, 'd', UUID_SIZE);
	header_encode(page, &header);
	ok(!memcmp(page + 56, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
		   64),
		"header_encode: the UUIDs of previous part, next part, previous replica and next replica are in this order");
	memset(&header, 0, sizeof(header));
	ok(header_decode(&header, page) && header.previous_part[15] == 'a' &&
			header.next_part[0] == 'b' && header.attr.prev_uuid[15] == 'c' &&
			header.attr.next_uuid[0] == 'd',
		"header_decode: all four neighbours of a part are read");
}

static void checksums(void)
{
	const uint32_t words[] = {1, 0, 0xffffffff, 2};
	struct header header = {.attr = pooldir_attr(0)};
	uint8_t page[HEADER_SIZE] = {0};

	ok(header_sum(words, sizeof(words)) == ((1 + 1 + 0 + 2) * (1UL << 32) | 2),
		"header_sum: the result is two sums of 32 bits, each of which wraps around");
	header.shutdown = (struct header_shutdown){7, 8, true};
	header_encode(page, &header);
	page[4000] = 1;
	ok(!header_decode(&header, page),
		"header_decode: without CHECKSUM_2K the checksum covers the second half, too");
	page[4000] = 0;
	ok(header_decode(&header, page) && header.shutdown_valid,
		"header_decode: a header whose changed byte is restored is accepted");
	is_int(header.shutdown.count * 100 + header.shutdown.uuid * 10 + header.shutdown.dirty, 781,
		"header_decode: the shutdown state reads back as it was written");
	page[4024] = 9;
	header.attr.incompat_features = 0;
	memcpy(page + 16, (uint32_t[]){POOL_INCOMPAT_CHECKSUM_2K}, 4);
	uint64_t sum = header_sum(page, 2048);
	uint64_t high = (sum >> 32) + 512 * (uint64_t)(uint32_t)sum;
	memcpy(page + 4088, (uint64_t[]){high << 32 | (uint32_t)sum}, 8);
	ok(header_decode(&header, page) && !header.shutdown_valid,
		"header_decode: a valid header may have an invalid shutdown state (wrong checksum)");
}

static void change(const char *name, off_t at, int bits)
{
	uint8_t byte;
	int fd = open(pooldir_path(name), O_RDWR);

	if (fd < 0 || pread(fd, &byte, 1, at) != 1)
		bail("cannot read %s: %m", name);
	byte ^= (uint8_t)bits;
	if (pwrite(fd, &byte, 1, at) != 1)
		bail("cannot write %s: %m", name);
	close(fd);
}

static void copy_header(const char *from, const char *to)
{
	char page[4096];
	int source = open(pooldir_path(from), O_RDONLY), target = open(pooldir_path(to), O_RDWR);

	if (read(source, page, sizeof(page)) != sizeof(page) ||
		write(target, page, sizeof(page)) != sizeof(page))
		bail("cannot copy: %m");
	close(source);
	close(target);
}

static void refused(const struct pool_set *set, int error, const char *sentence, const char *what)
{
	struct pool *pool = NULL;

	is_int(pool_open(set, 2 * MIB, &pool), error, "pool_open: %s is refused", what);
	has_str(err_get(), sentence, "pool_open: the message tells the reason of a refusal");
}

static void opening(void)
{
	struct pool_set *set = pooldir_set("open.set", "2M @/o0\n2M @/o1\n2M @/o2\n");
	struct pool_set *other = pooldir_set("other.set", "2M @/x0\n2M @/x1\n2M @/x2\n");
	struct rpmem_pool_attr attr = pooldir_attr(POOL_INCOMPAT_CHECKSUM_2K), second = attr;
	struct pool *pool;

	refused(set, -ENOENT, "o0", "a set whose parts are missing");
	second.poolset_uuid[0] ^= 1;
	if (pool_create(set, 2 * MIB, &attr, &pool) || pool_close(pool) ||
		pool_create(other, 2 * MIB, &second, &pool) || pool_close(pool))
		bail("pool_create: %s", err_get());
	change("o1", 130, 1);
	refused(set, -EBADMSG, "the header of", "a damaged header");
	has_str(err_get(), "o1 is damaged", "pool_open: the message names the damaged part");
	change("o1", 130, 1);
	copy_header("x1", "o1");
	refused(set, -EINVAL, "o1 is a part of another pool than", "a part of another pool");
	copy_header("o2", "o1");
	refused(set, -EINVAL, "is not followed by", "a set whose parts are in another order");
	pool_set_free(set);
	set = pooldir_set("short.set", "2M @/x0\n2M @/x1\n");
	refused(set, -EINVAL, "parts are missing from the set, or in another order",
		"a set with too few parts");
	pool_set_free(set);
	set = pooldir_set("single.set", "OPTION SINGLEHDR\n2M @/x0\n2M @/x1\n2M @/x2\n");
	refused(set, -EINVAL, "the attributes are for",
		"a set with a single header, for a pool with several,");
	pool_set_free(set);
	set = pooldir_set("size.set", "2M @/x0\n3M @/x1\n2M @/x2\n");
	refused(set, -EINVAL, "x1 has 2097152 bytes, but 3145728 in the pool set",
		"a set that has another size for a part");
	pool_set_free(set);
	if (truncate(pooldir_path("x2"), 0) || truncate(pooldir_path("x2"), 2 * MIB))
		bail("truncate: %m");
	refused(other, -EINVAL, "x2 has no header", "a part that is blank");
	pool_set_free(other);
	set = pooldir_set("auto.set", "AUTO @/x0\n");
	refused(set, -EINVAL, "only a DAX device can have the size AUTO",
		"a file whose size is AUTO");
	pool_set_free(set);
	set = pooldir_set("device.set", "AUTO /dev/null\n");
	refused(set, -EINVAL, "", "a device that is not a DAX device");
	pool_set_free(set);
}

int main(void)
{
	pooldir_open(NULL);
	of_the_original();
	neighbours();
	checksums();
	opening();
	pooldir_close();
	return tap_done();
}
