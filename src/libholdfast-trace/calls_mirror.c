/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_mirror.c - records that a pool on another machine was made equal to memory
 *
 * The call is really executed. While it runs, the pool is marked as inconsistent, and nobody can
 * open it. So the trace has a single change with all bytes that the call has sent.
 */
#include <errno.h>
#include <librpmem/holdfast.h>

#include "libholdfast-trace/pools.h"

typedef int sync_function(const char *, const char *, const void *, size_t,
	const struct holdfast_mirror_options *, struct holdfast_mirror_state *);

static void synced(const char *target, const char *pool_set, struct pool *pool, size_t header,
	struct call call)
{
	bool is_new = false;

	settle();
	pool->file = pool_number(target, pool_set, pool->local, pool->size, &is_new);
	has_mirrors |= pool->file != 0;
	if (!pool->file)
		tell_missed(MISSED_REMOTE, "holdfast_mirror_sync");
	else if (!is_new)
		pool_synced(pool, header, stack_number(call));
}

EXPORT int holdfast_mirror_sync(const char *target, const char *pool_set, const void *local,
	size_t size, const struct holdfast_mirror_options *options,
	struct holdfast_mirror_state *state)
{
	sync_function *next = NEXT(sync_function, "holdfast_mirror_sync");
	struct holdfast_mirror_state own = {.struct_size = sizeof(own)};
	struct holdfast_mirror_state *told = state ? state : &own;
	int result = next ? next(target, pool_set, local, size, options, told) : lacks_library();
	int error = errno;
	/*
	 * holdfast_mirror_sync() fills in the state even if it fails, but not if an argument is
	 * invalid.
	 */
	bool is_told = next && told->struct_size >= sizeof(own) && error != EINVAL;

	if (ring && !result)
		synced(target, pool_set, &(struct pool){.local = local, .size = size},
			told->header_size, CALLER);
	else if (ring && is_told && told->different)
		tell_missed(MISSED_REMOTE, "holdfast_mirror_sync, which has failed");
	errno = error;
	return result;
}
