/* SPDX-License-Identifier: BSD-3-Clause */
/* hello.c - store a word durably in a file: hello FILE */
#include <fcntl.h>
#include <libpmem2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE 4096

static int store(struct pmem2_map *map)
{
	char *base = pmem2_map_get_address(map);

	strcpy(base, "hello");
	pmem2_get_persist_fn(map)(base, 6);
	puts("durable");
	return pmem2_map_delete(&map);
}

int main(int argc, char *argv[])
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;

	/*
	 * Allocate the file's blocks before mapping it: a full disk is an error here, not a
	 * signal.
	 */
	if (fd < 0 || posix_fallocate(fd, 0, SIZE)) {
		fprintf(stderr, "usage: hello FILE, which must have at least %d bytes\n", SIZE);
		return 1;
	}
	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src) || store(map)) {
		pmem2_perror("hello");
		return 1;
	}
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	close(fd);
	return 0;
}
