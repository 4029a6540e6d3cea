/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_rpmem.c - records what programs send to pools on other machines, with librpmem
 *
 * Such a pool, a mirror, is a file of the trace. The calls are really executed, and recorded when
 * they have succeeded. A call that has failed on its way may have sent its bytes, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define POOLS 32u
#define CHUNK 32768u /* bytes in a record */
#define PAGE  4096u

/* Looks up librpmem's own function. */
#define NEXT(type, name)                                                                           \
	({                                                                                         \
		static type *next_;                                                                \
		if (!next_)                                                                        \
			next_ = (type *)find_in_library(name);                                     \
		next_;                                                                             \
	})

typedef void *open_function(const char *, const char *, void *, size_t, unsigned *, void *);
typedef void *create_function(const char *, const char *, void *, size_t, unsigned *, const void *);
typedef int send_function(void *, size_t, size_t, unsigned, unsigned);
typedef int deep_function(void *, size_t, size_t, unsigned);
typedef int drain_function(void *, unsigned, unsigned);
typedef int wait_function(void *, unsigned);
typedef int read_function(void *, void *, size_t, size_t, unsigned);
typedef int pool_function(void *);
typedef int attr_function(void *, const void *);

/* An open pool. Its members do not change while a thread may use it. */
struct pool {
	void *handle; /* atomic; NULL: the element is free */
	const unsigned char *local;
	size_t size;
	unsigned file, lanes;
	bool has_ended; /* the connection was lost: nothing is sent any more */
};

static struct pool pools[POOLS];
static uint32_t pools_lock; /* protects the choice of a free element */
bool has_mirrors;

void mirrors_after_fork(void)
{
	for (unsigned i = 0; i < POOLS; i++)
		pools[i].handle = NULL;
	pools_lock = 0;
}

static struct pool *pool_of(void *handle)
{
	for (unsigned i = 0; handle && ring && i < POOLS; i++)
		if (__atomic_load_n(&pools[i].handle, __ATOMIC_ACQUIRE) == handle)
			return &pools[i];
	return NULL;
}

/* ---- opening */

static bool is_zero(const unsigned char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && !bytes[i])
		i++;
	return i == length;
}

/* Keeps the bytes that the pool has at the other machine, `length` bytes from its beginning on. */
static bool keep_first(void *handle, size_t length, int first)
{
	read_function *next = NEXT(read_function, "rpmem_read");
	unsigned char page[PAGE];

	for (size_t at = 0; at < length; at += PAGE) {
		if (!next || next(handle, page, at, PAGE, 0))
			return false;
		if (!is_zero(page, PAGE) &&
			syscall(SYS_pwrite64, first, page, (size_t)PAGE, at) != PAGE)
			return false;
	}
	return true;
}

static bool add_pool(const struct pool *pool)
{
	struct pool closed = *pool;
	bool is_added = false;

	closed.handle = NULL;
	lock_take(&pools_lock);
	for (unsigned i = 0; i < POOLS && !is_added; i++)
		if (!__atomic_load_n(&pools[i].handle, __ATOMIC_RELAXED)) {
			pools[i] = closed;
			/* Release: a thread that finds the handle sees the other members. */
			__atomic_store_n(&pools[i].handle, pool->handle, __ATOMIC_RELEASE);
			is_added = true;
		}
	lock_leave(&pools_lock);
	return is_added;
}

/*
 * Begins to record what is sent to the pool. `known`: bytes that are read from it, if it is new to
 * the trace. A pool that is created in place of one that the trace has is not followed.
 */
static void follow(
	struct pool *pool, const char *target, const char *pool_set, size_t known, const char *call)
{
	bool is_created = call[sizeof("rpmem_") - 1] == 'c', is_new = false;
	char name[512];
	int first = -1;

	snprintf(name, sizeof(name), "%s:%s", target, pool_set);
	if (pool->lanes <= EVENT_LANES)
		pool->file = files_add_mirror(name, pool->size, &first, &is_new);
	bool is_good =
		pool->file && (is_new ? keep_first(pool->handle, known, first) : !is_created);
	if (first >= 0)
		syscall(SYS_close, first);
	is_good = is_good && add_pool(pool);
	has_mirrors |= is_good;
	if (!is_good)
		tell_missed(MISSED_REMOTE, call);
}

static void *cannot_open(const char *call)
{
	if (ring)
		tell_missed(MISSED_REMOTE, call);
	errno = ENOSYS;
	return NULL;
}

/* The result of a call if there is no librpmem. */
static int lacks_library(void)
{
	errno = ENOSYS;
	return -1;
}

EXPORT void *rpmem_create(const char *target, const char *pool_set, void *local, size_t size,
	unsigned *lanes, const void *attr)
{
	create_function *next = NEXT(create_function, "rpmem_create");
	void *handle = next ? next(target, pool_set, local, size, lanes, attr)
			    : cannot_open("rpmem_create");
	int error = errno;

	if (handle && ring)
		follow(
			&(struct pool){
				.handle = handle, .local = local, .size = size, .lanes = *lanes},
			target, pool_set, attr ? PAGE : 0, "rpmem_create");
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
		follow(
			&(struct pool){
				.handle = handle, .local = local, .size = size, .lanes = *lanes},
			target, pool_set, size, "rpmem_open");
	errno = error;
	return handle;
}

EXPORT int rpmem_close(void *handle)
{
	struct pool *pool = pool_of(handle);

	/* before the call: another pool may get the same handle as soon as it returns */
	if (pool)
		__atomic_store_n(&pool->handle, NULL, __ATOMIC_RELEASE);
	pool_function *next = NEXT(pool_function, "rpmem_close");
	return next ? next(handle) : lacks_library();
}

/* ---- what is sent, and what is durable */

/* May the failed call have sent its bytes? */
static bool may_have_sent(struct pool *pool, int error)
{
	bool is_lost = error == ECONNRESET || error == ETIMEDOUT || error == EPROTO;
	bool may = !pool->has_ended && (is_lost || error == EIO || error == ENOSPC);

	pool->has_ended |= is_lost;
	return may;
}

static void record_sent(
	const struct pool *pool, size_t offset, size_t length, unsigned lane, uint32_t stack)
{
	while (length) {
		size_t part = length < CHUNK ? length : CHUNK;
		write_event(&(struct event){.kind = EVENT_SEND,
				    .stack = stack,
				    .place = place_of(pool->file, offset),
				    .value = lane,
				    .length = part},
			pool->local + offset);
		offset += part;
		length -= part;
	}
}

static void record_drained(const struct pool *pool, unsigned lane, uint32_t stack)
{
	write_event(&(struct event){.kind = EVENT_DRAIN,
			    .stack = stack,
			    .place = place_of(pool->file, 0),
			    .value = written_out(),
			    .length = lane},
		NULL);
}

/* Records a call that sends a range, after it has returned `result`; returns that. */
static int sent(void *handle, size_t offset, size_t length, unsigned lane, int result,
	bool is_drained, struct call call)
{
	struct pool *pool = pool_of(handle);
	int error = errno;

	if (!pool || (result && !may_have_sent(pool, error)) || lane >= pool->lanes ||
		length > pool->size || offset > pool->size - length)
		return result;
	settle();
	uint32_t stack = stack_number(call);
	record_sent(pool, offset, length, lane, stack);
	if (is_drained && !result && length)
		record_drained(pool, lane, stack);
	errno = error;
	return result;
}

static int drained(void *handle, unsigned lane, int result, struct call call)
{
	const struct pool *pool = pool_of(handle);
	int error = errno;

	if (!pool || result || lane >= pool->lanes)
		return result;
	settle();
	record_drained(pool, lane, stack_number(call));
	errno = error;
	return result;
}

EXPORT int rpmem_flush(void *handle, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	send_function *next = NEXT(send_function, "rpmem_flush");
	int result = next ? next(handle, offset, length, lane, flags) : lacks_library();

	return sent(handle, offset, length, lane, result, false, CALLER);
}

EXPORT int rpmem_persist(void *handle, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	send_function *next = NEXT(send_function, "rpmem_persist");
	int result = next ? next(handle, offset, length, lane, flags) : lacks_library();

	return sent(handle, offset, length, lane, result, true, CALLER);
}

EXPORT int rpmem_deep_persist(void *handle, size_t offset, size_t length, unsigned lane)
{
	deep_function *next = NEXT(deep_function, "rpmem_deep_persist");
	int result = next ? next(handle, offset, length, lane) : lacks_library();

	return sent(handle, offset, length, lane, result, true, CALLER);
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

	return sent(handle, offset, length, lane, result, false, CALLER);
}

EXPORT int holdfast_remote_persist_wait(void *handle, unsigned lane)
{
	wait_function *next = NEXT(wait_function, "holdfast_remote_persist_wait");
	int result = next ? next(handle, lane) : lacks_library();

	return drained(handle, lane, result, CALLER);
}

/* ---- calls that change a mirror in ways that are not followed */

EXPORT int rpmem_set_attr(void *handle, const void *attr)
{
	attr_function *next = NEXT(attr_function, "rpmem_set_attr");

	if (pool_of(handle))
		tell_missed(MISSED_REMOTE, "rpmem_set_attr");
	return next ? next(handle, attr) : lacks_library();
}

EXPORT int holdfast_remote_reconnect(void *handle)
{
	pool_function *next = NEXT(pool_function, "holdfast_remote_reconnect");

	if (pool_of(handle))
		tell_missed(MISSED_REMOTE, "holdfast_remote_reconnect");
	return next ? next(handle) : lacks_library();
}
