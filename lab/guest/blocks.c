/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * blocks.c - stores into blocks that fallocate(2) has allocated, and makes each store durable
 *
 *	blocks store FILE	make the file and store into each block; exits when all are durable
 *	blocks count FILE	print how many of the stores are in the file
 *
 * The blocks are neighbours, in the middle of the allocated range: the file then has so few extents
 * that ext4 keeps them in the inode.
 */
#include <inttypes.h>
#include <libgen.h>

#include "guest.h"

#define COUNT 100
#define BLOCK ((size_t)4096)
#define SIZE  ((size_t)16 << 20)
#define FIRST ((size_t)8 << 20)

static uint64_t *block(struct pmem2_map *map, size_t i)
{
	return (uint64_t *)((char *)pmem2_map_get_address(map) + FIRST + i * BLOCK);
}

/*
 * The file and its name are durable before the first store: by fsync(2), because sync(2) would also
 * write back other files.
 */
static void store(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char *parent = dirname(strdup(path));
	int folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || posix_fallocate(fd, 0, (off_t)SIZE))
		bail("cannot make %s: %m", path);
	if (folder < 0 || fsync(fd) || fsync(folder))
		bail("cannot make %s durable: %m", path);
	struct pmem2_map *map = map_of(fd);
	pmem2_persist_fn persist = pmem2_get_persist_fn(map);
	for (size_t i = 0; i < COUNT; i++) {
		*block(map, i) = i + 1;
		persist(block(map, i), sizeof(uint64_t));
	}
	printf("granularity %d\n", (int)pmem2_map_get_store_granularity(map));
}

static void count(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), found = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		bail("cannot open %s: %m", path);
	if (st.st_size != (off_t)SIZE)
		bail("%s has an unexpected size: %jd bytes", path, (intmax_t)st.st_size);
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t value = 0;
		if (pread(fd, &value, sizeof(value), (off_t)(FIRST + i * BLOCK)) != sizeof(value))
			bail("cannot read %s: %m", path);
		found += value == i + 1;
	}
	printf("%d\n", found);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		bail("usage: blocks store|count FILE");
	(*argv[1] == 's' ? store : count)(argv[2]);
	return 0;
}
