/* SPDX-License-Identifier: BSD-3-Clause */
/* pools.c - follow pools on other machines, and record what is sent to them */
#include "libholdfast-trace/pools.h"

#include <errno.h>
#include <librpmem.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/files.h"

#define POOLS 32u
#define CHUNK 32768u /* bytes in a record */
#define PAGE  NOTED_PAGE

typedef void *open_function(const char *, const char *, void *, size_t, unsigned *, void *);
typedef int read_function(void *, void *, size_t, size_t, unsigned);
typedef int close_function(void *);

static struct pool pools[POOLS];
static uint32_t pools_lock; /* protects the choice of a free element, and lanes_used */
static unsigned lanes_used;
bool has_mirrors;

int lacks_library(void)
{
	errno = ENOSYS;
	return -1;
}

void mirrors_after_fork(void)
{
	for (unsigned i = 0; i < POOLS; i++)
		pools[i].handle = NULL;
	pools_lock = 0;
}

struct pool *pool_of(void *handle)
{
	for (unsigned i = 0; handle && ring && i < POOLS; i++)
		if (__atomic_load_n(&pools[i].handle, __ATOMIC_ACQUIRE) == handle)
			return &pools[i];
	return NULL;
}

/* ---- the content of a mirror */

static bool is_zero(const unsigned char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && !bytes[i])
		i++;
	return i == length;
}

static bool write_page(int fd, const unsigned char *page, size_t at)
{
	return fd >= 0 && syscall(SYS_pwrite64, fd, page, PAGE, at) == (long)PAGE;
}

/*
 * Keeps the bytes that the pool has at the other machine, from `from` to before `end`, as its first
 * content.
 */
static bool keep_first(void *handle, unsigned file, size_t from, size_t end)
{
	read_function *next = NEXT(read_function, "rpmem_read");
	int first = files_open("first", file), shadow = files_open("shadow", file);
	bool is_good = next && first >= 0 && shadow >= 0;
	unsigned char page[PAGE];

	for (size_t at = from & ~(PAGE - 1); is_good && at < end; at += PAGE) {
		is_good = !next(handle, page, at, PAGE, 0);
		if (is_good && !is_zero(page, PAGE))
			is_good = write_page(first, page, at) && write_page(shadow, page, at);
	}
	if (first >= 0)
		syscall(SYS_close, first);
	if (shadow >= 0)
		syscall(SYS_close, shadow);
	return is_good;
}

/* Writes bytes to the mirror's shadow: the content that it has if all that was sent has arrived. */
static void write_shadow(unsigned file, const unsigned char *bytes, size_t offset, size_t length)
{
	int shadow = files_open("shadow", file);

	if (shadow >= 0) {
		syscall(SYS_pwrite64, shadow, bytes, length, offset);
		syscall(SYS_close, shadow);
	}
}

/* ---- opening and closing */

/*
 * Takes `count` lane numbers that no pool has used, and returns the first; if too few are left,
 * begins again at 0. A pool that is opened again gets other numbers, because a drain of its new
 * lanes does not complete what was sent on the old ones.
 */
static unsigned take_lanes(unsigned count)
{
	unsigned first = lanes_used + count <= EVENT_LANES ? lanes_used : 0;

	lanes_used = first + count;
	return first;
}

static bool add_pool(const struct pool *pool)
{
	struct pool closed = *pool;
	bool is_added = false;

	closed.handle = NULL;
	lock_take(&pools_lock);
	for (unsigned i = 0; i < POOLS && !is_added; i++) {
		if (__atomic_load_n(&pools[i].handle, __ATOMIC_RELAXED))
			continue;
		closed.noted = pools[i].noted;
		closed.first_lane = take_lanes(pool->lanes);
		if (!noted_begin(&closed.noted, pool->size, pool->lanes))
			break;
		pools[i] = closed;
		/* Release: a thread that finds the handle sees the other members. */
		__atomic_store_n(&pools[i].handle, pool->handle, __ATOMIC_RELEASE);
		is_added = true;
	}
	lock_leave(&pools_lock);
	return is_added;
}

static unsigned number_of(const char *target, const char *pool_set, size_t size, uint64_t *known)
{
	char name[512];

	snprintf(name, sizeof(name), "%s:%s", target, pool_set);
	return files_add_mirror(name, size, known);
}

void pool_follow(
	struct pool *pool, const char *target, const char *pool_set, size_t known, const char *call)
{
	bool is_created = !strcmp(call, "rpmem_create");
	uint64_t before = 0;

	if (pool->lanes <= EVENT_LANES)
		pool->file = number_of(target, pool_set, pool->size, &before);
	bool is_good = pool->file && !(is_created && before) &&
		       (before >= known || keep_first(pool->handle, pool->file, before, known)) &&
		       add_pool(pool);
	has_mirrors |= is_good;
	if (!is_good)
		tell_missed(MISSED_REMOTE, call);
}

void pool_forget(struct pool *pool)
{
	__atomic_store_n(&pool->handle, NULL, __ATOMIC_RELEASE);
}

unsigned pool_number(
	const char *target, const char *pool_set, const void *local, size_t size, bool *is_new)
{
	open_function *open = NEXT(open_function, "rpmem_open");
	close_function *close = NEXT(close_function, "rpmem_close");
	struct rpmem_pool_attr attr;
	unsigned lanes = 1;
	uint64_t known = 0;
	unsigned file = number_of(target, pool_set, size, &known);

	*is_new = !known;
	if (!file || known)
		return file;
	void *handle = open && close ? open(target, pool_set, (void *)(uintptr_t)local, size,
					       &lanes, &attr)
				     : NULL;
	if (!handle || !keep_first(handle, file, 0, size))
		file = 0;
	if (handle)
		close(handle);
	return file;
}

/* ---- what is sent, and what is durable */

static unsigned lane_in_trace(const struct pool *pool, unsigned lane)
{
	return lane == EVENT_TOGETHER ? lane : pool->first_lane + lane;
}

void pool_sent(const struct pool *pool, const struct sending *sending, uint32_t stack)
{
	for (size_t done = 0; done < sending->length; done += CHUNK) {
		size_t left = sending->length - done, offset = sending->offset + done;
		size_t part = left < CHUNK ? left : CHUNK;
		write_event(&(struct event){.kind = EVENT_SEND,
				    .size = sending->is_relaxed ? EVENT_SEND_RELAXED : 0,
				    .stack = stack,
				    .place = place_of(pool->file, offset),
				    .value = lane_in_trace(pool, sending->lane),
				    .length = part},
			pool->local + offset);
		write_shadow(pool->file, pool->local + offset, offset, part);
	}
}

void pool_drained(const struct pool *pool, unsigned lane, uint32_t stack)
{
	write_event(&(struct event){.kind = EVENT_DRAIN,
			    .stack = stack,
			    .place = place_of(pool->file, 0),
			    .value = written_out(),
			    .length = lane_in_trace(pool, lane)},
		NULL);
}

/* Returns true if the memory at this page differs from what the mirror has. */
static bool has_changed(int shadow, const struct pool *pool, size_t at, size_t length)
{
	unsigned char page[PAGE];
	long got = syscall(SYS_pread64, shadow, page, length, at);

	for (long i = 0; i < got; i++)
		if (page[i] != pool->local[at + (size_t)i])
			return true;
	return got < (long)length && !is_zero(pool->local + at, length);
}

void pool_synced(const struct pool *pool, size_t from, uint32_t stack)
{
	int shadow = files_open("shadow", pool->file);

	for (size_t at = from; shadow >= 0 && at < pool->size; at += PAGE) {
		size_t left = pool->size - at, length = left < PAGE ? left : PAGE;
		if (has_changed(shadow, pool, at, length))
			pool_sent(
				pool, &(struct sending){at, length, EVENT_TOGETHER, false}, stack);
	}
	if (shadow >= 0)
		syscall(SYS_close, shadow);
	pool_drained(pool, EVENT_TOGETHER, stack);
}
