/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/mapping.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "map/place.h"
#include "pool/errno.h"

/*
 * Number of bytes at the beginning of a part that are not mapped. The headers of all parts but the
 * first are left out. Mapping begins at a multiple of the page size, which may be larger than a
 * header.
 */
static size_t skipped(const struct pool *pool, size_t part)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!part || part >= pool->header_count)
		return 0;
	return page > HEADER_SIZE ? page : HEADER_SIZE;
}

static int check_alignment(const struct part *part)
{
	if (part->skipped % part->alignment)
		return err_set(-EINVAL,
			"%s can be mapped in units of %zu bytes only, and cannot have a header of its own: OPTION SINGLEHDR or NOHDRS is needed",
			part->path, part->alignment);
	if (part->offset % part->alignment)
		return err_set(-EINVAL,
			"%s can be mapped at multiples of %zu bytes only, but the parts before it have %zu bytes in all",
			part->path, part->alignment, part->offset);
	return 0;
}

int mapping_plan(struct pool *pool)
{
	size_t size = 0;

	for (size_t i = 0; i < pool->count; i++) {
		struct part *part = &pool->parts[i];
		part->skipped = skipped(pool, i);
		part->offset = size;
		int error = check_alignment(part);
		if (error)
			return error;
		if (__builtin_add_overflow(size, part->size - part->skipped, &size) ||
			size > INT64_MAX)
			return err_set(-EINVAL,
				"%s: the parts together are larger than the address space",
				pool->name);
	}
	pool->size = size;
	return 0;
}

/*
 * Reserve addresses at a multiple of the alignments of all DAX devices. A suitable place is found
 * first, given up, and then reserved at the exact address. If another thread takes the place in
 * between, this function fails, which does no harm.
 */
static int reserve(struct pool *pool)
{
	size_t alignment = place_alignment(pool->size, 1);
	char *at = NULL;
	int error = 0;

	for (size_t i = 0; i < pool->count; i++)
		if (pool->parts[i].alignment > alignment)
			alignment = pool->parts[i].alignment;
	if (alignment > place_alignment(pool->size, 1)) {
		error = place_reserve(&at, pool->size, alignment);
		if (!error)
			error = place_release(at, pool->size);
	}
	if (!error)
		error = reservation_open(&pool->place, at, pool->size);
	pool->has_place = !error;
	return pool_errno(error);
}

static int map_part(struct part *part, struct pool *pool)
{
	struct map_request request = {
		.device = &part->device,
		.fd = part->fd,
		.name = part->path,
		.offset = (off_t)part->skipped,
		.length = part->size - part->skipped,
		.alignment = part->alignment,
		.protection = pool->only_looks ? PROT_READ : PROT_READ | PROT_WRITE,
		.required = PMEM2_GRANULARITY_PAGE,
		.reservation = &pool->place,
		.reservation_offset = part->offset,
		.sysfs = part->sysfs,
	};
	int error = map_open(&part->map, &request);

	part->is_mapped = !error;
	if (!error && part->device.kind == DEVICE_DAX)
		madvise(part->map.addr, part->map.length, MADV_DONTFORK);
	/*
	 * Flush a DAX device out of the CPU caches: a process that used the pool before may have
	 * been killed before it flushed.
	 */
	if (!error && part->device.kind == DEVICE_DAX && !pool->only_looks)
		part_drop_caches(part);
	return pool_errno(error);
}

static enum pmem2_granularity forced(enum pmem2_granularity found)
{
	long long number;

	if (!env_number("PMEM_IS_PMEM_FORCE", &number))
		return found;
	if (number == 1 && found == PMEM2_GRANULARITY_PAGE)
		return PMEM2_GRANULARITY_CACHE_LINE;
	return number == 0 ? PMEM2_GRANULARITY_PAGE : found;
}

int mapping_open(struct pool *pool)
{
	enum pmem2_granularity weakest = PMEM2_GRANULARITY_BYTE;
	int error = reserve(pool);

	for (size_t i = 0; i < pool->count && !error; i++) {
		error = map_part(&pool->parts[i], pool);
		if (!error && pool->parts[i].map.granularity > weakest)
			weakest = pool->parts[i].map.granularity;
	}
	pool->granularity = forced(weakest);
	return error;
}

int mapping_release(struct pool *pool)
{
	int error = pool->has_place ? pool_errno(reservation_close(&pool->place)) : 0;

	pool->has_place = false;
	return error;
}
