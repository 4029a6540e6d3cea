/* SPDX-License-Identifier: BSD-3-Clause */
/* consumer.c - a user's program, built against the files that `make install` has installed */
#include <libpmem2.h>
#include <libpmem2/holdfast.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;

	holdfast_set_writeback_handler(NULL, NULL);
	if (pmem2_source_from_anon(&src, 4096) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src)) {
		pmem2_perror("consumer");
		return 1;
	}
	pmem2_get_memcpy_fn(map)(pmem2_map_get_address(map), "durable", 8, 0);
	puts(pmem2_map_get_address(map));
	pmem2_map_delete(&map);
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	return 0;
}
