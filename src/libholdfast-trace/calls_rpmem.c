/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_rpmem.c - records what programs send to pools on other machines, with librpmem
 *
 * The calls are really executed, and recorded when they have succeeded. A call that fails may have
 * sent its bytes before, so some failed calls are recorded, too.
 */
#include <errno.h>

#include "libholdfast-trace/pools.h"

#define RELAXED 1u /* the flags RPMEM_FLUSH_RELAXED and RPMEM_PERSIST_RELAXED of librpmem.h */

typedef void *open_function(const char *, const char *, void *, size_t, unsigned *, void *);
typedef void *create_function(const char *, const char *, void *, size_t, unsigned *, const void *);
typedef int send_function(void *, size_t, size_t, unsigned, unsigned);
typedef int deep_function(void *, size_t, size_t, unsigned);
typedef int drain_function(void *, unsigned, unsigned);
typedef int wait_function(void *, unsigned);
typedef int pool_function(void *);
typedef int attr_function(void *, const void *);

/* ---- opening */

static void *cannot_open(const char *call)
{
	if (ring)
		tell_missed(MISSED_REMOTE, call);
	errno = ENOSYS;
	return NULL;
}

EXPORT void *rpmem_create(const char *target, const char *pool_set, void *local, size_t size,
	unsigned *lanes, const void *attr)
{
	create_function *next = NEXT(create_function, "rpmem_create");
	void *handle = next ? next(target, pool_set, local, size, lanes, attr)
			    : cannot_open("rpmem_create");
	int error = errno;

	if (handle && ring)
		pool_follow(
			&(struct pool){
				.handle = handle, .local = local, .size = size, .lanes = *lanes},
			target, pool_set, attr ? NOTED_PAGE : 0, "rpmem_create");
	errno = error;
	return handle;
}

EXPORT void *rpmem_open(const char *target, const char *pool_set, void *local, size_t size,
	unsigned *lanes, void *attr)
{
	open_function *next = NEXT(open_function, "rpmem_open");
	void *handle =
		next ? next(target, pool_set, local, size, lanes, attr) : cannot_open("rpmem_open");
	int error = errno;

	if (handle && ring)
		pool_follow(
			&(struct pool){
				.handle = handle, .local = local, .size = size, .lanes = *lanes},
			target, pool_set, size, "rpmem_open");
	errno = error;
	return handle;
}

EXPORT int rpmem_close(void *handle)
{
	struct pool *pool = pool_of(handle);

	/* done before the call: when the call returns, another pool may get the same handle */
	if (pool)
		pool_forget(pool);
	pool_function *next = NEXT(pool_function, "rpmem_close");
	return next ? next(handle) : lacks_library();
}

/* ---- what is sent, and what is durable */

/* Does this error of a call say that the connection was lost? */
static bool is_lost(int error)
{
	return error == ECONNRESET || error == ETIMEDOUT || error == EPROTO;
}

/* May the failed call have sent its bytes? */
static bool may_have_sent(struct pool *pool, int error)
{
	bool may = !pool->has_ended && (is_lost(error) || error == EIO || error == ENOSPC);

	pool->has_ended |= is_lost(error);
	return may;
}

static bool is_in(const struct pool *pool, const struct sending *sending)
{
	return sending->lane < pool->lanes && sending->length <= pool->size &&
	       sending->offset <= pool->size - sending->length;
}

/*
 * Records that a drain of a lane has succeeded or failed. If the drain has failed at the target
 * while the connection lives, the program need not reconnect, and the success of a later drain does
 * not mean that all sent bytes have arrived.
 */
static void end_lane(struct pool *pool, unsigned lane, int error, uint32_t stack)
{
	pool->has_ended |= is_lost(error);
	if (error == EIO || error == ENOSPC)
		tell_missed(MISSED_REMOTE, "a drain that failed at the target");
	if (error)
		return;
	pool_drained(pool, lane, stack);
	noted_drop(&pool->noted, lane);
}

/* Records a call that sends a range, after the call has returned `result`. Returns `result`. */
static int sent(void *handle, struct sending sending, int result, bool is_drained, struct call call)
{
	struct pool *pool = pool_of(handle);
	int error = errno;

	if (!pool || !is_in(pool, &sending) || !sending.length)
		return result;
	bool may = !result || may_have_sent(pool, error);
	if (may || pool->has_ended)
		noted_add(&pool->noted, may ? sending.lane : pool->lanes, sending.offset,
			sending.length);
	if (may) {
		settle();
		uint32_t stack = stack_number(call);
		pool_sent(pool, &sending, stack);
		if (is_drained)
			end_lane(pool, sending.lane, result ? error : 0, stack);
	}
	errno = error;
	return result;
}

static int drained(void *handle, unsigned lane, int result, struct call call)
{
	struct pool *pool = pool_of(handle);
	int error = errno;

	if (!pool || lane >= pool->lanes)
		return result;
	settle();
	end_lane(pool, lane, result ? error : 0, stack_number(call));
	errno = error;
	return result;
}

EXPORT int rpmem_flush(void *handle, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	send_function *next = NEXT(send_function, "rpmem_flush");
	int result = next ? next(handle, offset, length, lane, flags) : lacks_library();

	return sent(handle, (struct sending){offset, length, lane, flags & RELAXED}, result, false,
		CALLER);
}

EXPORT int rpmem_persist(void *handle, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	send_function *next = NEXT(send_function, "rpmem_persist");
	int result = next ? next(handle, offset, length, lane, flags) : lacks_library();

	return sent(handle, (struct sending){offset, length, lane, flags & RELAXED}, result, true,
		CALLER);
}

EXPORT int rpmem_deep_persist(void *handle, size_t offset, size_t length, unsigned lane)
{
	deep_function *next = NEXT(deep_function, "rpmem_deep_persist");
	int result = next ? next(handle, offset, length, lane) : lacks_library();

	return sent(handle, (struct sending){offset, length, lane, false}, result, true, CALLER);
}

EXPORT int rpmem_drain(void *handle, unsigned lane, unsigned flags)
{
	drain_function *next = NEXT(drain_function, "rpmem_drain");
	int result = next ? next(handle, lane, flags) : lacks_library();

	return drained(handle, lane, result, CALLER);
}

EXPORT int holdfast_remote_persist_start(
	void *handle, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	send_function *next = NEXT(send_function, "holdfast_remote_persist_start");
	int result = next ? next(handle, offset, length, lane, flags) : lacks_library();

	return sent(handle, (struct sending){offset, length, lane, flags & RELAXED}, result, false,
		CALLER);
}

EXPORT int holdfast_remote_persist_wait(void *handle, unsigned lane)
{
	wait_function *next = NEXT(wait_function, "holdfast_remote_persist_wait");
	int result = next ? next(handle, lane) : lacks_library();

	return drained(handle, lane, result, CALLER);
}

/* ---- reconnecting */

/*
 * Records that the mirror has received, with their present content, all pages that it may have
 * lacked. While these pages were sent, the pool was marked as inconsistent, and nobody could open
 * it: so the trace records all of them as a single change.
 */
static void record_caught_up(struct pool *pool, uint32_t stack)
{
	for (size_t page = 0; page * NOTED_PAGE < pool->size; page++) {
		size_t at = page * NOTED_PAGE, left = pool->size - at;
		if (noted_has(&pool->noted, page))
			pool_sent(pool,
				&(struct sending){at, left < NOTED_PAGE ? left : NOTED_PAGE,
					EVENT_TOGETHER, false},
				stack);
	}
	pool_drained(pool, EVENT_TOGETHER, stack);
	noted_clear(&pool->noted);
	pool->has_ended = false;
}

EXPORT int holdfast_remote_reconnect(void *handle)
{
	pool_function *next = NEXT(pool_function, "holdfast_remote_reconnect");
	int result = next ? next(handle) : lacks_library(), error = errno;
	struct pool *pool = pool_of(handle);

	if (pool && !result) {
		settle();
		record_caught_up(pool, stack_number(CALLER));
	}
	errno = error;
	return result;
}

/* ---- a call whose effect is not recorded */

EXPORT int rpmem_set_attr(void *handle, const void *attr)
{
	attr_function *next = NEXT(attr_function, "rpmem_set_attr");

	if (pool_of(handle))
		tell_missed(MISSED_REMOTE, "rpmem_set_attr");
	return next ? next(handle, attr) : lacks_library();
}
