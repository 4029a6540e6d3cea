/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem2/map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/config.h"
#include "libpmem2/export.h"
#include "libpmem2/reservation.h"
#include "libpmem2/source.h"
#include "map/deep_flush.h"

static int protection_of(unsigned prot)
{
	return (prot & PMEM2_PROT_READ ? PROT_READ : 0) |
	       (prot & PMEM2_PROT_WRITE ? PROT_WRITE : 0) |
	       (prot & PMEM2_PROT_EXEC ? PROT_EXEC : 0);
}

/*
 * Check the range to map. The order of these checks is fixed: if a call has several mistakes,
 * programs rely on which of them is reported.
 */
static int check_range(const struct pmem2_config *cfg, const struct pmem2_source *src, size_t size,
	size_t alignment)
{
	if (cfg->offset % alignment)
		return err_set(PMEM2_E_OFFSET_UNALIGNED, "offset %zu is not a multiple of %zu",
			cfg->offset, alignment);
	if (!src->is_anonymous && src->device.kind == DEVICE_DAX && cfg->sharing == PMEM2_PRIVATE)
		return err_set(PMEM2_E_SRC_DEVDAX_PRIVATE, "a DAX device cannot be mapped private");
	if (!size)
		return err_set(PMEM2_E_SOURCE_EMPTY, "the source is empty");
	if (cfg->length % alignment)
		return err_set(PMEM2_E_LENGTH_UNALIGNED, "length %zu is not a multiple of %zu",
			cfg->length, alignment);
	if (cfg->offset > size || cfg->length > size - cfg->offset)
		return err_set(PMEM2_E_MAP_RANGE,
			"offset %zu and length %zu reach beyond the source's %zu bytes",
			cfg->offset, cfg->length, size);
	return 0;
}

/*
 * Returns the length of the mapping. By default it is the length of the source from the offset on,
 * or the whole length of anonymous memory, whatever the offset is.
 */
static size_t content_length(
	const struct pmem2_config *cfg, const struct pmem2_source *src, size_t size)
{
	if (cfg->length)
		return cfg->length;
	return src->is_anonymous ? size : size - cfg->offset;
}

static int make_request(
	struct map_request *request, const struct pmem2_config *cfg, const struct pmem2_source *src)
{
	size_t size, alignment;

	if (!cfg->granularity_is_set)
		return err_set(PMEM2_E_GRANULARITY_NOT_SET,
			"the config does not say which store granularity is required");
	int error = pmem2_source_alignment(src, &alignment);
	if (!error)
		error = pmem2_source_size(src, &size);
	if (!error)
		error = check_range(cfg, src, size, alignment);
	if (error)
		return error;
	/*
	 * If a file ends inside of a huge page, the kernel would map this page to its end, and
	 * replace any mapping that follows.
	 */
	if (!src->is_anonymous && src->device.huge_page &&
		content_length(cfg, src, size) % alignment)
		return err_set(PMEM2_E_LENGTH_UNALIGNED,
			"the file ends within a huge page of %zu bytes", alignment);
	*request = (struct map_request){
		.device = src->is_anonymous ? NULL : &src->device,
		.fd = src->fd,
		.offset = (off_t)cfg->offset,
		.length = content_length(cfg, src, size),
		.alignment = alignment,
		.protection = protection_of(cfg->protection),
		.is_private = cfg->sharing == PMEM2_PRIVATE,
		.required = cfg->granularity,
		.reservation = cfg->reservation ? &cfg->reservation->reservation : NULL,
		.reservation_offset = cfg->reservation_offset,
		.sysfs = SYSFS_ROOT,
	};
	return 0;
}

EXPORT(pmem2_map_new)
int pmem2_map_new(
	struct pmem2_map **map_ptr, const struct pmem2_config *cfg, const struct pmem2_source *src)
{
	struct map_request request;

	CHECK_NOT_NULL(map_ptr);
	*map_ptr = NULL;
	CHECK_NOT_NULL(cfg);
	CHECK_NOT_NULL(src);
	int error = make_request(&request, cfg, src);
	if (error)
		return error;
	struct pmem2_map *new = malloc(sizeof(*new));
	if (!new)
		return err_set(-ENOMEM, "out of memory for a map");
	error = map_open(&new->map, &request);
	if (error) {
		free(new);
		return error;
	}
	*map_ptr = new;
	return 0;
}

EXPORT(pmem2_map_from_existing)
int pmem2_map_from_existing(struct pmem2_map **map, const struct pmem2_source *src, void *addr,
	size_t len, enum pmem2_granularity gran)
{
	CHECK_NOT_NULL(map);
	CHECK_NOT_NULL(src);
	CHECK_NOT_NULL(addr);
	struct pmem2_map *new = malloc(sizeof(*new));
	if (!new)
		return err_set(-ENOMEM, "out of memory for a map");
	int error = map_adopt(&new->map, src->is_anonymous ? NULL : &src->device, addr, len, gran);
	if (error) {
		free(new);
		return error;
	}
	*map = new;
	return 0;
}

EXPORT(pmem2_map_delete)
int pmem2_map_delete(struct pmem2_map **map_ptr)
{
	CHECK_NOT_NULL(map_ptr);
	CHECK_NOT_NULL(*map_ptr);
	int error = map_close(&(*map_ptr)->map);
	if (error)
		return error;
	free(*map_ptr);
	*map_ptr = NULL;
	return 0;
}

EXPORT(pmem2_map_get_address)
void *pmem2_map_get_address(struct pmem2_map *map)
{
	return map->map.addr;
}

EXPORT(pmem2_map_get_size)
size_t pmem2_map_get_size(struct pmem2_map *map)
{
	return map->map.length;
}

EXPORT(pmem2_map_get_store_granularity)
enum pmem2_granularity pmem2_map_get_store_granularity(struct pmem2_map *map)
{
	return map->map.granularity;
}

EXPORT(pmem2_deep_flush)
int pmem2_deep_flush(struct pmem2_map *map, void *ptr, size_t size)
{
	CHECK_NOT_NULL(map);
	return deep_flush_map(&map->map, ptr, size, map->map.born);
}
