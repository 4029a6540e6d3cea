/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare.h - the instructions themselves, as one would write them for one length and this machine
 *
 * In a shared object of its own, compiled for the CPU that compiles it, and called through a
 * pointer: what remains is what any library has to pay. For lengths up to BARE_FIXED bytes there is
 * a function for just that length, without a loop where the compiler sees fit.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stddef.h>

typedef void bare_persist_fn(const void *addr, size_t len);
typedef void *bare_move_fn(void *dest, const void *src, size_t len, unsigned flags);
typedef void *bare_set_fn(void *dest, int c, size_t len, unsigned flags);

/* The bare instructions to run besides storing. */
enum bare_way {
	BARE_STORE,        /* and nothing else */
	BARE_STORE_DRAIN,  /* and fence: what caches that are durable need */
	BARE_FLUSH,        /* and flush each line */
	BARE_FLUSH_DRAIN,  /* and fence */
	BARE_STREAM,       /* around the caches */
	BARE_STREAM_DRAIN, /* and fence */
	BARE_WAYS
};

/* For BARE_STORE_DRAIN, BARE_FLUSH or BARE_FLUSH_DRAIN; NULL if this CPU was not thought of. */
bare_persist_fn *bare_persist(enum bare_way way);

/* The function for that way and that length. */
bare_move_fn *bare_move(enum bare_way way, size_t len);
bare_set_fn *bare_set(enum bare_way way, size_t len);

#endif
