/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/map.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "map/fill.h"
#include "map/granularity.h"
#include "map/place.h"
#include "map/registry.h"
#include "map/writeback.h"

int map_init(void)
{
	return writeback_init();
}

/* Private and anonymous stores need not survive anything: nothing has to be flushed for them. */
static int decide(struct map *map, const struct map_request *request, bool sync)
{
	map->granularity = PMEM2_GRANULARITY_BYTE;
	if (request->device && !request->is_private) {
		struct region region = device_region(request->device, request->sysfs);
		int error = granularity_decide(
			&map->granularity, request->device, &region, sync, cpu.engine->flushes);
		if (error)
			return error;
	}
	if (map->granularity > request->required)
		return err_set(PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"stores have %s granularity here, %s is required",
			granularity_name(map->granularity), granularity_name(request->required));
	return 0;
}

static int map_into_place(struct map *map, const struct map_request *request)
{
	struct fill fill = {
		.fd = request->device ? request->fd : -1,
		.offset = request->device ? request->offset : 0,
		.length = request->length,
		.protection = request->protection,
		.is_private = request->is_private,
	};
	bool sync;
	int error = fill_place(map->addr, &fill, &sync);

	if (!error)
		error = decide(map, request, sync);
	if (!error)
		error = registry_add(map);
	if (!error)
		log_notice("mapped %zu bytes at %p%s: store granularity %s", map->length,
			(void *)map->addr, sync ? " with MAP_SYNC" : "",
			granularity_name(map->granularity));
	return error;
}

int map_open(struct map *map, const struct map_request *request)
{
	size_t whole = place_whole_pages(request->length);

	if (!request->length)
		return err_set(-EINVAL, "nothing is left of the source from offset %lld on",
			(long long)request->offset);
	if (!whole)
		return err_set(-ENOMEM, "no address space for %zu bytes", request->length);
	map->length = request->length;
	int error = place_reserve(
		&map->addr, whole, place_alignment(request->length, request->alignment));
	if (error)
		return error;
	error = map_into_place(map, request);
	if (error)
		munmap(map->addr, whole); /* the sentence of the failure stands */
	return error;
}

int map_close(struct map *map)
{
	if (!registry_has(map))
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "no live map at %p", (void *)map->addr);
	writeback_map(map);
	int error = registry_remove(map);
	if (error)
		return error;
	error = place_release(map->addr, place_whole_pages(map->length));
	if (error)
		registry_add(map); /* there is room: it has just left */
	return error;
}
