/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pools.h - pools on other machines that programs open or sync with librpmem, and what the trace
 * has of them
 *
 * Such a pool, a mirror, is a file of the trace. Its first content is read from the other machine.
 * The file "shadow" beside it has the content that it would have if all that was sent has arrived.
 */
#ifndef LIBHOLDFAST_TRACE_POOLS_H
#define LIBHOLDFAST_TRACE_POOLS_H

#include "libholdfast-trace/noted.h"

/* Looks up librpmem's own function. */
#define NEXT(type, name) FOUND(find_in_library, type, name)

/* An open pool. Its members do not change while a thread may use it, except for the last two. */
struct pool {
	void *handle; /* atomic; NULL: the element is free */
	const unsigned char *local;
	size_t size;
	unsigned file, lanes;
	unsigned first_lane; /* the number that lane 0 has in the trace */
	bool has_ended;      /* the connection was lost: nothing is sent any more */
	struct noted noted;
};

/* A call that sends a range. */
struct sending {
	size_t offset, length;
	unsigned lane; /* or EVENT_TOGETHER */
	bool is_relaxed;
};

/* Stands in for a call of librpmem if that is not loaded: sets errno to ENOSYS, returns -1. */
int lacks_library(void);

/* Returns the open pool with this handle; NULL if it is not recorded. */
struct pool *pool_of(void *handle);

/*
 * Begins to record what is sent to the pool, which `call` has opened. A pool that is created in
 * place of one that the trace has is not followed.
 */
void pool_follow(struct pool *pool, const char *target, const char *pool_set, size_t known,
	const char *call);

/* Stops recording what is sent to the pool. Call this before the pool is closed. */
void pool_forget(struct pool *pool);

/*
 * Returns the number of a mirror of this name. If it is new to the trace, the pool is opened and
 * its content read. Returns 0 on failure.
 */
unsigned pool_number(
	const char *target, const char *pool_set, const void *local, size_t size, bool *is_new);

/* pool_sent() records that a range was sent, pool_drained() that a lane was drained. */
void pool_sent(const struct pool *pool, const struct sending *sending, uint32_t stack);
void pool_drained(const struct pool *pool, unsigned lane, uint32_t stack);

/* Records that the pages of the mirror from `from` on became equal to the memory, all at once. */
void pool_synced(const struct pool *pool, size_t from, uint32_t stack);

#endif
