/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * linked - a program that is linked against Debian's libpmem and libpmem2, and runs with Holdfast's
 * libraries
 *
 * The program refers to every symbol, each with its version in Debian's library; with LD_BIND_NOW=1
 * it does not start if a symbol is missing. The test test/compat/clients builds and runs the
 * program.
 */
#include <stdio.h>
#include <string.h>

#include "api.h"

#define DECLARE(library, type, name, args) extern type library##_##name args;
#define ADDRESS(library, type, name, args) (void *)library##_##name,

PMEM_API(DECLARE)
PMEM2_API(DECLARE)

static void *const every[] = {PMEM_API(ADDRESS) PMEM2_API(ADDRESS)};

int main(void)
{
	void *src, *cfg, *map;
	size_t found = 0;

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++)
		found += every[i] != NULL;
	if (pmem2_source_from_anon(&src, 4096) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PAGE) ||
		pmem2_map_new(&map, cfg, src)) {
		pmem2_perror("linked");
		return 1;
	}
	char *addr = pmem2_map_get_address(map);
	pmem2_get_memcpy_fn(map)(addr, "seventeen letters", 18, 0);
	pmem_persist(addr, 18);
	printf("%zu symbols, %s\n", found, strcmp(addr, "seventeen letters") ? addr : "stored");
	return 0;
}
