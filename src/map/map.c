/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/map.h"

#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "map/granularity.h"
#include "map/place.h"
#include "map/registry.h"
#include "map/writeback.h"

int map_init(void)
{
	return writeback_init();
}

static int mmap_error(const struct map_request *request)
{
	int code = errno == EACCES    ? PMEM2_E_NO_ACCESS
		   : errno == EEXIST  ? PMEM2_E_MAPPING_EXISTS
		   : errno == ENOTSUP ? PMEM2_E_NOSUPP
				      : -errno;

	err_sys("cannot map %zu bytes from offset %lld of file descriptor %d", request->length,
		(long long)request->offset, request->fd);
	return code;
}

static bool mmap_at(char *addr, const struct map_request *request, int flags)
{
	return mmap(addr, request->length, request->protection, flags | MAP_FIXED, request->fd,
		       request->offset) != MAP_FAILED;
}

/*
 * Replace the reserved place by the real thing. *sync tells whether the kernel took MAP_SYNC; it
 * says EOPNOTSUPP where the file system or the device cannot, EINVAL if it is older than 4.15.
 */
static int map_into_place(char *addr, const struct map_request *request, bool *sync)
{
	*sync = false;
	if (!request->device) {
		int sharing = request->is_private ? MAP_PRIVATE : MAP_SHARED;
		struct map_request anonymous = *request;
		anonymous.fd = -1;
		anonymous.offset = 0;
		return mmap_at(addr, &anonymous, sharing | MAP_ANONYMOUS) ? 0 : mmap_error(request);
	}
	if (request->is_private)
		return mmap_at(addr, request, MAP_PRIVATE) ? 0 : mmap_error(request);
	if (mmap_at(addr, request, MAP_SHARED_VALIDATE | MAP_SYNC)) {
		*sync = true;
		return 0;
	}
	if (errno != EOPNOTSUPP && errno != EINVAL)
		return mmap_error(request);
	return mmap_at(addr, request, MAP_SHARED) ? 0 : mmap_error(request);
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

static int fill_place(struct map *map, const struct map_request *request)
{
	bool sync;
	int error = map_into_place(map->addr, request, &sync);

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
	error = fill_place(map, request);
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
