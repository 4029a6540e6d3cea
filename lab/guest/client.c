/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - an unmodified client of libpmem2 persists to a disk that loses the data
 *
 *	client FILE BREAK MEND
 *
 * BREAK is a command after which the disk fails writes, MEND one after which it works again.
 * lab/errors links this program with Debian's libpmem2, whose calls it declares itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct pmem2_source;
struct pmem2_config;
struct pmem2_map;
int pmem2_source_from_fd(struct pmem2_source **src, int fd);
int pmem2_config_new(struct pmem2_config **cfg);
int pmem2_config_set_required_store_granularity(struct pmem2_config *cfg, int granularity);
int pmem2_map_new(struct pmem2_map **map, const struct pmem2_config *cfg, struct pmem2_source *src);
void *pmem2_map_get_address(struct pmem2_map *map);
void (*pmem2_get_persist_fn(struct pmem2_map *map))(const void *addr, size_t length);

int main(int argc, char **argv)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;
	int fd = argc == 4 ? open(argv[1], O_RDWR) : -1;

	if (fd < 0 || pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, 2) ||
		pmem2_map_new(&map, cfg, src))
		return 2;
	char *addr = pmem2_map_get_address(map);
	void (*persist)(const void *, size_t) = pmem2_get_persist_fn(map);
	*addr = 1;
	persist(addr, 1);
	if (system(argv[2]))
		return 2;
	*addr = 2;
	persist(addr, 1);
	puts("the persist has returned");
	return 0;
}
