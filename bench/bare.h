/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare.h - bare sequences of instructions, as one would write them for one length and this machine
 *
 * They are in a shared object, compiled for the CPU of this machine, and called through pointers:
 * no library can be faster. Each length up to BARE_FIXED bytes has a function of its own, in which
 * the compiler may unroll loops.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stddef.h>

typedef void bare_persist_fn(const void *addr, size_t len);
typedef void *bare_move_fn(void *dest, const void *src, size_t len, unsigned flags);
typedef void *bare_set_fn(void *dest, int c, size_t len, unsigned flags);

/* Ways to store, and the instructions that follow the stores. */
enum bare_way {
	BARE_STORE,        /* store only */
	BARE_STORE_DRAIN,  /* store and fence, which is enough for durable caches */
	BARE_FLUSH,        /* store and flush each line */
	BARE_FLUSH_DRAIN,  /* store, flush each line and fence */
	BARE_STREAM,       /* streaming stores, around the caches */
	BARE_STREAM_DRAIN, /* streaming stores and fence */
	BARE_WAYS
};

/*
 * Returns the function for `way`, which is BARE_STORE_DRAIN, BARE_FLUSH or BARE_FLUSH_DRAIN; NULL
 * if it is not implemented for this CPU.
 */
bare_persist_fn *bare_persist(enum bare_way way);

/* Return the function that copies, or fills, ranges of this length with this way of storing. */
bare_move_fn *bare_move(enum bare_way way, size_t len);
bare_set_fn *bare_set(enum bare_way way, size_t len);

#endif
