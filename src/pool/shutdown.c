/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/shutdown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "device/dimm.h"
#include "pool/errno.h"
#include "pool/headers.h"

/*
 * Add a checksum of the identifiers of the part's memory modules, padded with zeros to a multiple
 * of 4 bytes, to *uuid.
 */
static int add_uuid(const struct part *part, uint64_t *uuid)
{
	size_t size = 0;
	int error = device_dimm_ids(&part->device, part->sysfs, NULL, &size);

	if (error)
		return error;
	size_t whole = (size / sizeof(uint32_t) + 1) * sizeof(uint32_t);
	char *ids = calloc(1, whole);
	if (!ids)
		return err_set(-ENOMEM, "out of memory for the modules under %s", part->path);
	error = device_dimm_ids(&part->device, part->sysfs, ids, &size);
	if (!error)
		*uuid += header_sum(ids, whole);
	free(ids);
	return error;
}

static int add_modules(const struct part *part, struct header_shutdown *state)
{
	uint64_t count;
	int error = device_unsafe_shutdowns(&part->device, part->sysfs, &count);

	if (error)
		return error;
	state->count += count;
	return add_uuid(part, &state->uuid);
}

/*
 * Add the counts of a part's memory modules to the state. If the part has no modules, or modules
 * that do not count shutdowns, adds nothing and returns 0.
 */
static int add_part(const struct part *part, struct header_shutdown *state)
{
	char sentence[ERR_SIZE];

	if (device_is_hidden(&part->device, part->sysfs))
		log_warning(
			"%s: unsafe shutdowns cannot be noticed: sysfs does not show the device of this file",
			part->path);
	if (!device_region(&part->device, part->sysfs).found)
		return 0;
	memcpy(sentence, err_get(), sizeof(sentence));
	int error = add_modules(part, state);
	if (error != PMEM2_E_NOSUPP)
		return pool_errno(error);
	err_put_back(sentence);
	return 0;
}

static int state_now(const struct pool *pool, struct header_shutdown *state)
{
	int error = 0;

	*state = (struct header_shutdown){.dirty = true};
	for (size_t i = 0; i < pool->count && !error; i++)
		error = add_part(&pool->parts[i], state);
	return error;
}

static bool is_kept(const struct pool *pool)
{
	return pool->header_count &&
	       pool->headers[0].attr.incompat_features & POOL_INCOMPAT_SHUTDOWN;
}

static int check(const struct pool *pool, const struct header_shutdown *now)
{
	const struct header_shutdown *then = &pool->headers[0].shutdown;

	/*
	 * An invalid record was torn by a crash while the pool was being opened or closed: no data
	 * is lost.
	 */
	if (!pool->headers[0].shutdown_valid || !then->dirty)
		return 0;
	if (then->uuid != now->uuid)
		return err_set(-EINVAL,
			"%s: the pool was in use when it was moved to other modules; its data may be lost",
			pool->name);
	if (then->count != now->count)
		return err_set(-EINVAL,
			"%s: the pool was in use when its modules lost data: they count %" PRIu64
			" unsafe shutdowns; before that they counted %" PRIu64,
			pool->name, now->count, then->count);
	return 0;
}

int shutdown_begin(struct pool *pool)
{
	struct header_shutdown now;

	if (!is_kept(pool))
		return 0;
	int error = state_now(pool, &now);
	if (!error)
		error = check(pool, &now);
	return error || pool->only_looks ? error : headers_write_shutdown(pool, &now);
}

int shutdown_end(struct pool *pool)
{
	if (!is_kept(pool) || pool->only_looks)
		return 0;
	struct header_shutdown state = pool->headers[0].shutdown;
	state.dirty = false;
	return headers_write_shutdown(pool, &state);
}
