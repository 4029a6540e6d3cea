/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem2/reservation.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"
#include "libpmem2/map.h"

EXPORT(pmem2_vm_reservation_new)
int pmem2_vm_reservation_new(struct pmem2_vm_reservation **rsv_ptr, void *addr, size_t size)
{
	CHECK_NOT_NULL(rsv_ptr);
	*rsv_ptr = NULL;
	struct pmem2_vm_reservation *new = malloc(sizeof(*new));
	if (!new)
		return err_set(-ENOMEM, "out of memory for a reservation");
	int error = reservation_open(&new->reservation, addr, size);
	if (error) {
		free(new);
		return error;
	}
	*rsv_ptr = new;
	return 0;
}

EXPORT(pmem2_vm_reservation_delete)
int pmem2_vm_reservation_delete(struct pmem2_vm_reservation **rsv_ptr)
{
	CHECK_NOT_NULL(rsv_ptr);
	CHECK_NOT_NULL(*rsv_ptr);
	int error = reservation_close(&(*rsv_ptr)->reservation);
	if (error)
		return error;
	free(*rsv_ptr);
	*rsv_ptr = NULL;
	return 0;
}

EXPORT(pmem2_vm_reservation_get_address)
void *pmem2_vm_reservation_get_address(struct pmem2_vm_reservation *rsv)
{
	char *addr;
	size_t size;

	reservation_extent(&rsv->reservation, &addr, &size);
	return addr;
}

EXPORT(pmem2_vm_reservation_get_size)
size_t pmem2_vm_reservation_get_size(struct pmem2_vm_reservation *rsv)
{
	char *addr;
	size_t size;

	reservation_extent(&rsv->reservation, &addr, &size);
	return size;
}

EXPORT(pmem2_vm_reservation_extend)
int pmem2_vm_reservation_extend(struct pmem2_vm_reservation *rsv, size_t size)
{
	CHECK_NOT_NULL(rsv);
	return reservation_extend(&rsv->reservation, size);
}

EXPORT(pmem2_vm_reservation_shrink)
int pmem2_vm_reservation_shrink(struct pmem2_vm_reservation *rsv, size_t offset, size_t size)
{
	CHECK_NOT_NULL(rsv);
	return reservation_shrink(&rsv->reservation, offset, size);
}

/*
 * Get the struct pmem2_map that contains a map of a reservation: pmem2_map_new() has made one for
 * each map.
 */
static struct pmem2_map *face_of(struct map *map)
{
	return (struct pmem2_map *)((char *)map - offsetof(struct pmem2_map, map));
}

EXPORT(pmem2_vm_reservation_map_find)
int pmem2_vm_reservation_map_find(
	struct pmem2_vm_reservation *rsv, size_t reserv_offset, size_t len, struct pmem2_map **map)
{
	CHECK_NOT_NULL(map);
	*map = NULL;
	CHECK_NOT_NULL(rsv);
	struct map *found = reservation_find(&rsv->reservation, reserv_offset, len);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND,
			"there is no map in the %zu bytes at offset %zu of the reservation", len,
			reserv_offset);
	*map = face_of(found);
	return 0;
}

EXPORT(pmem2_vm_reservation_map_find_prev)
int pmem2_vm_reservation_map_find_prev(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **prev_map)
{
	CHECK_NOT_NULL(prev_map);
	*prev_map = NULL;
	CHECK_NOT_NULL(rsv);
	CHECK_NOT_NULL(map);
	struct map *found = reservation_previous(&rsv->reservation, &map->map);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND,
			"the reservation has no map before the one at %p", (void *)map->map.addr);
	*prev_map = face_of(found);
	return 0;
}

EXPORT(pmem2_vm_reservation_map_find_next)
int pmem2_vm_reservation_map_find_next(
	struct pmem2_vm_reservation *rsv, struct pmem2_map *map, struct pmem2_map **next_map)
{
	CHECK_NOT_NULL(next_map);
	*next_map = NULL;
	CHECK_NOT_NULL(rsv);
	CHECK_NOT_NULL(map);
	struct map *found = reservation_next(&rsv->reservation, &map->map);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND,
			"the reservation has no map after the one at %p", (void *)map->map.addr);
	*next_map = face_of(found);
	return 0;
}

EXPORT(pmem2_vm_reservation_map_find_first)
int pmem2_vm_reservation_map_find_first(struct pmem2_vm_reservation *rsv, struct pmem2_map **map)
{
	CHECK_NOT_NULL(map);
	*map = NULL;
	CHECK_NOT_NULL(rsv);
	struct map *found = reservation_find(&rsv->reservation, 0, SIZE_MAX);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "the reservation has no maps");
	*map = face_of(found);
	return 0;
}

EXPORT(pmem2_vm_reservation_map_find_last)
int pmem2_vm_reservation_map_find_last(struct pmem2_vm_reservation *rsv, struct pmem2_map **map)
{
	CHECK_NOT_NULL(map);
	*map = NULL;
	CHECK_NOT_NULL(rsv);
	struct map *found = reservation_last(&rsv->reservation);
	if (!found)
		return err_set(PMEM2_E_MAPPING_NOT_FOUND, "the reservation has no maps");
	*map = face_of(found);
	return 0;
}
