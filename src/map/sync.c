/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "base/log.h"
#include "map/registry.h"

/* `in` is what lies under the map: whole pages, though a foreign map may begin and end within. */
static void sync_in_map(struct range in, struct range pages, struct writeback_failures *failures)
{
	int result;

	if (pages.from < in.from)
		pages.from = in.from;
	if (pages.to > in.to)
		pages.to = in.to;
	do
		result = msync((void *)pages.from, pages.to - pages.from, MS_SYNC);
	while (result && errno == EINTR);
	if (result)
		writeback_failure_add(failures, pages, errno);
	log_debug(
		"wrote back %zu bytes at %#" PRIxPTR, (size_t)(pages.to - pages.from), pages.from);
}

void sync_pages(struct range pages, struct writeback_failures *failures)
{
	for (struct map *map; (map = registry_pin(pages.from, pages.to));) {
		struct range in = range_whole_pages((uintptr_t)map->addr, map->length);
		sync_in_map(in, pages, failures);
		registry_unpin(map);
		if (in.to >= pages.to)
			break;
		pages.from = in.to;
	}
}
