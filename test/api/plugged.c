/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plugged.c - a module for dlopen(3) that contains the archive of libpmem2; the test plugin.c loads
 * and unloads it
 */
#pragma GCC visibility push(default)

#include <libpmem2.h>

int plugged_start(void *memory, size_t length);
void plugged_flush(void *at);
int plugged_stop(void);

static struct pmem2_map *map;

int plugged_start(void *memory, size_t length)
{
	struct pmem2_source *src;
	int error = pmem2_source_from_anon(&src, length);

	if (error)
		return error;
	error = pmem2_map_from_existing(&map, src, memory, length, PMEM2_GRANULARITY_PAGE);
	pmem2_source_delete(&src);
	return error;
}

void plugged_flush(void *at)
{
	pmem2_get_flush_fn(map)(at, 1);
}

int plugged_stop(void)
{
	return pmem2_map_delete(&map);
}
