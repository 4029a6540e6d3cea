/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/map.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "device/sysfs.h"
#include "map/file_sync.h"
#include "map/fill.h"
#include "map/granularity.h"
#include "map/pages.h"
#include "map/place.h"
#include "map/registry.h"
#include "map/reservation.h"
#include "map/sigbus.h"
#include "map/writeback.h"

int map_init(void)
{
	int error = writeback_init();

	if (!error)
		error = reservation_init();
	return error ? error : sigbus_init();
}

/* Decide the granularity. Private and anonymous memory need not survive: stores need no flush. */
static int decide(struct map *map, const struct map_request *request, bool sync)
{
	struct granularity decided = {PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_NOT_SHARED};

	if (request->device && !request->is_private) {
		/*
		 * A file's region matters only if the kernel accepted MAP_SYNC. Do not look it up
		 * otherwise, since this takes a while.
		 */
		bool matters = sync || request->device->kind == DEVICE_DAX;
		struct region region = matters ? device_region(request->device, request->sysfs)
					       : (struct region){.found = false};
		/* Allow a read-only map of a read-only region: it has no stores to lose. */
		if (!(request->protection & PROT_WRITE))
			region.read_only = false;
		int error = granularity_decide(
			&decided, request->device, &region, sync, cpu.engine->flushes);
		if (error)
			return error;
	}
	map->granularity = decided.value;
	map->reason = decided.reason;
	map->sync = sync;
	if (map->granularity > request->required)
		return err_set(PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"stores have %s granularity here, but %s or finer is required",
			granularity_name(map->granularity), granularity_name(request->required));
	return 0;
}

/* Map into the reservation's address space if there is a reservation, else into new space. */
static int fill_map(struct map *map, const struct map_request *request, bool *sync)
{
	struct fill fill = {
		.fd = request->device ? request->fd : -1,
		.name = request->name,
		.offset = request->device ? request->offset : 0,
		.length = request->length,
		.alignment = request->alignment,
		.protection = request->protection,
		.is_private = request->is_private,
	};

	if (!request->reservation)
		return fill_new_place(&map->addr, &fill, NULL, sync);
	int error = reservation_claim(
		request->reservation, map, request->reservation_offset, request->alignment);
	if (error)
		return error;
	error = fill_place(map->addr, &fill, sync);
	if (error)
		reservation_abandon(map);
	return error;
}

/* Undo fill_map() after a later failure. Must not replace the error message. */
static void give_up_place(struct map *map)
{
	if (map->reservation)
		reservation_abandon(map);
	else
		place_discard(map->addr, pages_round_up(map->length));
}

static void set_device(struct map *map, const struct device *device, const char *sysfs)
{
	map->sysfs = sysfs;
	map->has_device = device;
	if (!device)
		return;
	map->device = *device;
	map->file = (struct file_id){device->number, device->inode};
}

int map_open(struct map *map, const struct map_request *request)
{
	bool sync;

	if (!request->length)
		return err_set(-EINVAL, "the source has no bytes from offset %lld on",
			(long long)request->offset);
	*map = (struct map){.length = request->length, .born = file_sync_epoch()};
	set_device(map, request->device, request->sysfs);
	int error = fill_map(map, request, &sync);
	if (error)
		return error;
	error = decide(map, request, sync);
	if (!error)
		error = registry_add(map);
	if (error) {
		give_up_place(map);
		return error;
	}
	if (map->reservation)
		reservation_publish(map);
	log_notice("mapped %zu bytes at %p%s: store granularity %s", map->length, (void *)map->addr,
		sync ? " with MAP_SYNC" : "", granularity_name(map->granularity));
	return 0;
}

static int check_adoption(void *addr, size_t length, enum pmem2_granularity granularity)
{
	if (!length)
		return err_set(-EINVAL, "the map at %p has no bytes: its length is 0", addr);
	if (length > UINTPTR_MAX - (uintptr_t)addr)
		return err_set(-EINVAL, "%zu bytes at %p reach beyond the end of address space",
			length, addr);
	switch (granularity) {
	case PMEM2_GRANULARITY_BYTE:
	case PMEM2_GRANULARITY_CACHE_LINE:
	case PMEM2_GRANULARITY_PAGE:
		return 0;
	}
	return err_set(PMEM2_E_GRANULARITY_NOT_SUPPORTED, "%d is not a store granularity",
		(int)granularity);
}

int map_adopt(struct map *map, const struct device *device, void *addr, size_t length,
	enum pmem2_granularity granularity)
{
	int error = check_adoption(addr, length, granularity);

	if (error)
		return error;
	*map = (struct map){
		.addr = addr,
		.length = length,
		.granularity = granularity,
		.is_foreign = true,
	};
	set_device(map, device, SYSFS_ROOT);
	return registry_add(map);
}

static int leave_place(struct map *map)
{
	if (map->is_foreign)
		return 0;
	if (map->reservation)
		return reservation_vacate(map);
	return place_release(map->addr, pages_round_up(map->length));
}

int map_close(struct map *map)
{
	if (!registry_has(map))
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "no live map at %p", (void *)map->addr);
	writeback_map(map);
	int error = registry_remove(map);
	if (error)
		return error;
	if (!map->is_foreign)
		file_sync_forget(pages_touched((uintptr_t)map->addr, map->length));
	error = leave_place(map);
	if (error)
		registry_add(map); /* cannot fail: the removed map's room is still free */
	return error;
}
