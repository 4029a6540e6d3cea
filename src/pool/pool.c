/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "map/deep_flush.h"
#include "pool/errno.h"
#include "pool/headers.h"
#include "pool/internal.h"
#include "pool/mapping.h"
#include "pool/shutdown.h"

static void free_pool(struct pool *pool)
{
	layout_fini(&pool->layout);
	free(pool->parts);
	free(pool->headers);
	free(pool->name);
	free(pool);
}

/*
 * Make the struct for a pool with the parts of a layout, all of them closed. After success, the
 * pool owns the memory of the layout.
 */
static struct pool *new_pool(const struct pool_set *set, struct layout *layout)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->sysfs = set->sysfs;
	pool->single_header = set->single_header;
	pool->header_count = set->no_headers ? 0 : set->single_header ? 1 : layout->count;
	pool->name = strdup(set->name);
	pool->parts = calloc(layout->count, sizeof(*pool->parts));
	pool->headers = calloc(pool->header_count + 1, sizeof(*pool->headers));
	if (!pool->name || !pool->parts || !pool->headers) {
		free_pool(pool);
		return NULL;
	}
	pool->layout = *layout;
	*layout = (struct layout){.parts = NULL};
	return pool;
}

static struct part_request request_for(const struct pool *pool, size_t part)
{
	const struct layout_part *planned = &pool->layout.parts[part];

	return (struct part_request){
		.path = planned->path,
		.size = planned->size,
		.is_auto = planned->is_auto,
		.has_header = part < pool->header_count,
		.only_looks = pool->only_looks,
		.sysfs = pool->sysfs,
	};
}

/*
 * Open the existing parts, which come before index `existing` of the layout, and make the others.
 */
static int open_parts(struct pool *pool)
{
	int error = 0;

	while (pool->count < pool->layout.count && !error) {
		struct part_request request = request_for(pool, pool->count);
		struct part *part = &pool->parts[pool->count];
		error = pool->count < pool->layout.existing ? part_open(part, &request)
							    : part_create(part, &request);
		if (!error)
			pool->count++;
	}
	return error;
}

static int check_size(const struct pool *pool, size_t size)
{
	if (size <= pool->size)
		return 0;
	return err_set(-EFBIG,
		"%s: a pool of %zu bytes was requested, but the pool set has only %zu bytes",
		pool->name, size, pool->size);
}

static int check_media(const struct pool *pool)
{
	int error = 0;

	if (!pool->header_count ||
		!(pool->headers[0].attr.compat_features & POOL_COMPAT_BAD_BLOCKS))
		return 0;
	for (size_t i = 0; i < pool->count && !error; i++)
		error = part_check_media(&pool->parts[i]);
	return error;
}

/*
 * Give all new files their names, one after the other, the first part last. If the process is
 * killed in between, some of the files are left. They are not a pool as long as the first part is
 * missing; pool_remove() with force removes them.
 */
static int publish(struct pool *pool)
{
	int error = 0;

	for (size_t i = 0; i < pool->count && !error; i++)
		error = part_write_back(&pool->parts[i]);
	for (size_t i = pool->count; i-- > 0 && !error;)
		error = part_publish(&pool->parts[i]);
	for (size_t i = 0; i < pool->count && !error; i++)
		error = part_keep(&pool->parts[i]);
	return error;
}

/*
 * Create a pool. All steps that can fail come first. Then the new files, which are complete, get
 * their names. Only after that are headers written to the files that existed before, and make them
 * parts of the pool.
 */
static int create(struct pool *pool, size_t size, const struct rpmem_pool_attr *attr)
{
	int error = open_parts(pool);

	if (!error)
		error = mapping_plan(pool);
	if (!error)
		error = check_size(pool, size);
	if (!error && pool->header_count)
		error = headers_make(pool, attr);
	if (!error)
		error = check_media(pool);
	if (!error)
		error = mapping_open(pool);
	if (!error)
		error = headers_write(pool, true);
	if (!error)
		error = publish(pool);
	if (!error)
		error = headers_write(pool, false);
	return error ? error : shutdown_begin(pool);
}

static int reopen(struct pool *pool, size_t size)
{
	int error = open_parts(pool);

	if (!error)
		error = mapping_plan(pool);
	if (!error)
		error = check_size(pool, size);
	if (!error)
		error = headers_read(pool);
	if (!error)
		error = check_media(pool);
	if (!error)
		error = mapping_open(pool);
	if (!error && !pool->only_looks)
		error = publish(pool);
	return error ? error : shutdown_begin(pool);
}

static int no_memory(const struct pool_set *set)
{
	return err_set(-ENOMEM, "%s: out of memory for the pool", set->name);
}

int pool_create(const struct pool_set *set, size_t size, const struct rpmem_pool_attr *attr,
	struct pool **pool)
{
	struct layout layout;
	int error = headers_agree(set->name, set->no_headers, set->single_header, attr);

	if (!error)
		error = layout_new(&layout, set, size);
	if (error)
		return error;
	struct pool *new = new_pool(set, &layout);
	layout_fini(&layout);
	if (!new)
		return no_memory(set);
	error = pool_trouble(create(new, size, attr));
	if (error)
		pool_discard(new);
	else
		*pool = new;
	return error;
}

static int open_existing(
	const struct pool_set *set, size_t size, bool only_looks, struct pool **pool)
{
	struct layout layout;
	int error = layout_existing(&layout, set, size);

	if (error)
		return error;
	struct pool *new = new_pool(set, &layout);
	layout_fini(&layout);
	if (!new)
		return no_memory(set);
	new->only_looks = only_looks;
	error = pool_trouble(reopen(new, size));
	if (error)
		pool_discard(new); /* removes files that were made to let the pool grow */
	else
		*pool = new;
	return error;
}

int pool_open(const struct pool_set *set, size_t size, struct pool **pool)
{
	return open_existing(set, size, false, pool);
}

int pool_look(const struct pool_set *set, struct pool **pool)
{
	return open_existing(set, 0, true, pool);
}

int pool_drop_caches(const struct pool *pool)
{
	int error = 0;

	for (size_t i = 0; i < pool->count && !error; i++)
		error = part_drop_caches(&pool->parts[i]);
	return pool_trouble(error);
}

int pool_close(struct pool *pool)
{
	int error = shutdown_end(pool);

	for (size_t i = 0; i < pool->count; i++) {
		int failed = part_close(&pool->parts[i]);
		error = error ? error : failed;
	}
	int failed = mapping_release(pool);
	free_pool(pool);
	return error ? error : failed;
}

void pool_discard(struct pool *pool)
{
	char failure[ERR_SIZE];

	memcpy(failure, err_get(), ERR_SIZE);
	for (size_t i = 0; i < pool->count; i++)
		part_discard(&pool->parts[i]);
	mapping_release(pool);
	free_pool(pool);
	err_put_back(failure);
}

int pool_set_attributes(struct pool *pool, const struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr zero;
	bool none = !attr || pool_attr_is_zero(attr);

	if (!pool->header_count || !none) {
		int error =
			headers_agree(pool->name, !pool->header_count, pool->single_header, attr);
		if (error || !pool->header_count)
			return error;
	}
	return headers_change(pool, none ? &zero : attr);
}

bool pool_attributes(const struct pool *pool, struct rpmem_pool_attr *attr)
{
	*attr = pool->header_count ? pool->headers[0].attr : (struct rpmem_pool_attr){.major = 0};
	return pool->header_count;
}

void *pool_base(const struct pool *pool)
{
	return pool->place.addr;
}

size_t pool_size(const struct pool *pool)
{
	return pool->size;
}

size_t pool_guard(const struct pool *pool)
{
	return pool->header_count ? HEADER_SIZE : 0;
}

enum pmem2_granularity pool_granularity(const struct pool *pool)
{
	return pool->granularity;
}

bool pool_is_device(const struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->parts[i].device.kind != DEVICE_DAX)
			return false;
	return true;
}

bool pool_has_device(const struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->parts[i].device.kind == DEVICE_DAX)
			return true;
	return false;
}

bool pool_has_room(const struct pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (!part_has_room(&pool->parts[i]))
			return false;
	return true;
}

/*
 * A piece of a range of the pool, which lies in one part. `from` and `to` are offsets in that
 * part's mapping.
 */
struct piece {
	size_t from, to;
};

static bool cut_piece(struct piece *piece, const struct part *part, size_t offset, size_t length)
{
	size_t mapped = part->size - part->skipped, end = offset + length;

	if (end <= part->offset || offset >= part->offset + mapped)
		return false;
	piece->from = offset > part->offset ? offset - part->offset : 0;
	piece->to = end - part->offset < mapped ? end - part->offset : mapped;
	return true;
}

int pool_store(const struct pool *pool, size_t offset, const void *from, size_t length)
{
	struct piece piece;
	int error = 0;

	for (size_t i = 0; i < pool->count && !error; i++) {
		const struct part *part = &pool->parts[i];
		if (cut_piece(&piece, part, offset, length))
			error = part_store(part,
				(const char *)from + (part->offset + piece.from - offset),
				piece.to - piece.from, part->skipped + piece.from);
	}
	return error;
}

int pool_read(const struct pool *pool, size_t offset, void *to, size_t length)
{
	struct piece piece;
	int error = 0;

	for (size_t i = 0; i < pool->count && !error; i++) {
		const struct part *part = &pool->parts[i];
		if (cut_piece(&piece, part, offset, length))
			error = part_read(part, (char *)to + (part->offset + piece.from - offset),
				piece.to - piece.from, part->skipped + piece.from);
	}
	return error;
}

size_t pool_in_files(const struct pool *pool, size_t offset, size_t *length)
{
	struct piece piece;
	size_t first = 0, count = 0;

	for (size_t i = 0; i < pool->count; i++) {
		const struct part *part = &pool->parts[i];
		bool is_in = cut_piece(&piece, part, offset, *length) &&
			     part->device.kind == DEVICE_FILE;
		if (count && !is_in)
			break;
		if (!count && is_in)
			first = part->offset + piece.from;
		count += is_in ? piece.to - piece.from : 0;
	}
	*length = count;
	return first;
}

static int sync_part(const struct part *part, size_t offset, size_t length, uint64_t since)
{
	struct piece piece;

	if (!cut_piece(&piece, part, offset, length))
		return 0;
	return pool_errno(deep_flush_map(
		&part->map, part->map.addr + piece.from, piece.to - piece.from, since));
}

int pool_deep_sync(const struct pool *pool, size_t offset, size_t length, uint64_t since)
{
	if (offset > pool->size || length > pool->size - offset)
		return err_set(-EINVAL, "%zu bytes at offset %zu are not within the pool's %zu",
			length, offset, pool->size);
	int error = 0;
	for (size_t i = 0; i < pool->count; i++) {
		int failed = length ? sync_part(&pool->parts[i], offset, length, since) : 0;
		error = error ? error : failed;
	}
	return error;
}
