/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "base/log.h"
#include "map/place.h"
#include "map/registry.h"

static void sync_in_map(const struct map *map, struct range pages, struct failures *failures)
{
	uintptr_t start = (uintptr_t)map->addr, end = start + place_whole_pages(map->length);
	int result;

	if (pages.from < start)
		pages.from = start;
	if (pages.to > end)
		pages.to = end;
	do
		result = msync((void *)pages.from, pages.to - pages.from, MS_SYNC);
	while (result && errno == EINTR);
	if (result)
		failures_add(failures, pages, errno);
	log_debug(
		"wrote back %zu bytes at %#" PRIxPTR, (size_t)(pages.to - pages.from), pages.from);
}

void sync_pages(struct range pages, struct failures *failures)
{
	for (struct map *map; (map = registry_pin(pages.from, pages.to));) {
		uintptr_t end = (uintptr_t)map->addr + place_whole_pages(map->length);
		sync_in_map(map, pages, failures);
		registry_unpin(map);
		if (end >= pages.to)
			break;
		pages.from = end;
	}
}
