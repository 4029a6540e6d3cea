/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy.h - the meaning of the PMEM2_F_MEM_* flags, for every way of copying and of flushing
 *
 * A file with a way of copying includes this header last, after a body (words.h or vectors.h) that
 * defines these functions:
 *
 *	move_cached, set_cached		through the caches
 *
 * and, if BLOCK_STREAM_IS_ONE_STORE is defined, whatever its value,
 *
 *	stream_up, stream_fill			around the caches, whole aligned blocks
 *	stream_up_overlapping, stream_down_overlapping	the same, from a source that overlaps
 *	move_small, set_small			through the caches, less than a block
 *
 * and, if SHORT_COPY is defined, which is a number of bytes,
 *
 *	move_short, set_short			as move_cached and set_cached, up to that many bytes
 *
 * COPY(copy, flush) makes the functions for memory that `flush` makes durable, COPY_BYTE(copy)
 * the functions for memory whose caches are durable.
 */
#include <stdbool.h>

#include "base/attr.h"
#include "cpu/engine.h"
#include "libpmem2/base.h"

#ifndef BLOCK
#define BLOCK 64
#endif

#ifndef SHORT_COPY
#define SHORT_COPY          0
#define move_short(d, s, n) ((void)move_cached(d, s, n))
#define set_short(d, c, n)  ((void)set_cached(d, c, n))
#endif

/*
 * Bytes of a cached copy that are flushed at a time, while they are still in the first-level
 * cache. Chunks end at multiples of this size, so that no line is in two chunks.
 */
#define CHUNK 1024

typedef void flush_fn(const void *addr, size_t len);

/*
 * Decode flags. COPY_STORES: store only, without flush and drain. COPY_DRAINS: drain after the
 * flushes.
 */
#define COPY_STORES(flags) ((flags)&PMEM2_F_MEM_NOFLUSH)
#define COPY_DRAINS(flags) (!((flags)&PMEM2_F_MEM_NODRAIN))

static ALWAYS_INLINE bool copy_streams(size_t len, unsigned flags)
{
#ifdef BLOCK_STREAM_IS_ONE_STORE
	if (flags & (PMEM2_F_MEM_NONTEMPORAL | PMEM2_F_MEM_WC))
		return true;
	if (flags & (PMEM2_F_MEM_TEMPORAL | PMEM2_F_MEM_WB))
		return false;
	return len >= (COPY_DRAINS(flags) ? cpu.stream_threshold : cpu.stream_threshold_nodrain);
#else
	(void)len;
	(void)flags;
	return false;
#endif
}

static ALWAYS_INLINE void fetch_ends(const char *d, size_t n, size_t head, size_t tail)
{
#ifdef FETCH_TO_STORE
	if (head && cpu.tuning.fetches_ends)
		FETCH_TO_STORE(d);
	if (tail && cpu.tuning.fetches_ends)
		FETCH_TO_STORE(d + n - 1);
#endif
}

/* Flush a range of at most CHUNK bytes that was just stored. */
static ALWAYS_INLINE void flush_short(
	const char *d, size_t n, flush_fn *flush, flush_fn *flush_back)
{
	if (n <= cpu.tuning.flushes_back)
		flush_back(d, n);
	else
		flush(d, n);
}

static ALWAYS_INLINE void move_and_flush(
	char *d, const char *s, size_t n, flush_fn *flush, flush_fn *flush_back)
{
	if ((uintptr_t)d - (uintptr_t)s >= n) {
		for (size_t part; n > CHUNK; d += part, s += part, n -= part) {
			part = CHUNK - (uintptr_t)d % CHUNK;
			move_cached(d, s, part);
			flush(d, part);
		}
	} else {
		while (n > CHUNK) {
			size_t part = ((uintptr_t)(d + n) - 1) % CHUNK + 1;
			n -= part;
			move_cached(d + n, s + n, part);
			flush(d + n, part);
		}
	}
	move_cached(d, s, n);
	flush_short(d, n, flush, flush_back);
}

static ALWAYS_INLINE void set_and_flush(
	char *d, int c, size_t n, flush_fn *flush, flush_fn *flush_back)
{
	for (size_t part; n > CHUNK; d += part, n -= part) {
		part = CHUNK - (uintptr_t)d % CHUNK;
		set_cached(d, c, part);
		flush(d, part);
	}
	set_cached(d, c, n);
	flush_short(d, n, flush, flush_back);
}

#ifdef BLOCK_STREAM_IS_ONE_STORE
/*
 * Copy whole aligned blocks around the caches, and the rest at both ends through the caches.
 * Stores leave the CPU in order, and stores to the ends may have to wait for their cache lines:
 * these lines are prefetched at the beginning and stored to last. If source and destination
 * overlap, the overlap decides the order of stores.
 */
static ALWAYS_INLINE void move_around(
	char *d, const char *s, size_t n, flush_fn *flush, flush_fn *flush_back)
{
	size_t head = -(uintptr_t)d % BLOCK, tail = (uintptr_t)(d + n) % BLOCK;
	size_t blocks = n - head - tail, end = n - tail;

	if (head + BLOCK + tail > n) {
		move_and_flush(d, s, n, flush, flush_back);
		return;
	}
	if ((uintptr_t)d - (uintptr_t)s < n) {
		move_small(d + end, s + end, tail);
		stream_down_overlapping(d + head, s + head, blocks);
		move_small(d, s, head);
	} else if ((uintptr_t)s - (uintptr_t)d < n) {
		move_small(d, s, head);
		stream_up_overlapping(d + head, s + head, blocks);
		move_small(d + end, s + end, tail);
	} else {
		fetch_ends(d, n, head, tail);
		stream_up(d + head, s + head, blocks);
		move_small(d, s, head);
		move_small(d + end, s + end, tail);
	}
	flush(d, head);
	flush(d + end, tail);
}

static ALWAYS_INLINE void set_around(
	char *d, int c, size_t n, flush_fn *flush, flush_fn *flush_back)
{
	size_t head = -(uintptr_t)d % BLOCK, tail = (uintptr_t)(d + n) % BLOCK;

	if (head + BLOCK + tail > n) {
		set_and_flush(d, c, n, flush, flush_back);
		return;
	}
	fetch_ends(d, n, head, tail);
	stream_fill(d + head, c, n - head - tail);
	set_small(d, c, head);
	set_small(d + n - tail, c, tail);
	flush(d, head);
	flush(d + n - tail, tail);
}
#else
#define move_around move_and_flush
#define set_around  set_and_flush
#endif

/*
 * Copy and fill without flushes. These are functions of their own, apart from the code with
 * flushes, which needs more registers: so no registers have to be saved, and 48 bytes take 7 ns
 * instead of 12.
 */
static NOINLINE void *move_stores(void *dest, const void *src, size_t len)
{
	return move_cached(dest, src, len);
}

static NOINLINE void *set_stores(void *dest, int c, size_t len)
{
	return set_cached(dest, c, len);
}

/* Makes a function that calls `copy` with the flushes of `kind`, and drains unless told not to. */
#define DURABLY(copy, kind, type)                                                                  \
	static NOINLINE void *copy##_##kind(void *dest, type from, size_t len, unsigned flags)     \
	{                                                                                          \
		copy(dest, from, len, flush_##kind, flush_back_##kind);                            \
		if (COPY_DRAINS(flags))                                                            \
			arch_drain();                                                              \
		return dest;                                                                       \
	}

/*
 * Copies that stream, short copies that go through the caches, and other copies are functions of
 * their own, too. Those of short copies call nothing, so that they save no registers: 8 bytes take
 * 47 instructions instead of 77, and 125 ns instead of 133 on Intel model 207. Short copies that
 * do not drain have no function of their own: it would save 30 instructions, too, but would take
 * 30 ns instead of 25 if each call stores to another line.
 */
#define COPY(copy, kind)                                                                           \
	COPY_DECLARE(copy, kind)                                                                   \
                                                                                                   \
	DURABLY(move_around, kind, const void *)                                                   \
	DURABLY(set_around, kind, int)                                                             \
	DURABLY(move_and_flush, kind, const void *)                                                \
	DURABLY(set_and_flush, kind, int)                                                          \
                                                                                                   \
	static NOINLINE void *move_short_durably_##kind(void *dest, const void *src, size_t len)   \
	{                                                                                          \
		move_short(dest, src, len);                                                        \
		flush_short(dest, len, flush_##kind, flush_back_##kind);                           \
		arch_drain();                                                                      \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	static NOINLINE void *set_short_durably_##kind(void *dest, int c, size_t len)              \
	{                                                                                          \
		set_short(dest, c, len);                                                           \
		flush_short(dest, len, flush_##kind, flush_back_##kind);                           \
		arch_drain();                                                                      \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	void *move_##copy##_##kind(void *dest, const void *src, size_t len, unsigned flags)        \
	{                                                                                          \
		if (COPY_STORES(flags))                                                            \
			return move_stores(dest, src, len);                                        \
		if (copy_streams(len, flags))                                                      \
			return move_around_##kind(dest, src, len, flags);                          \
		if (SHORT_COPY && len <= SHORT_COPY && COPY_DRAINS(flags))                         \
			return move_short_durably_##kind(dest, src, len);                          \
		return move_and_flush_##kind(dest, src, len, flags);                               \
	}                                                                                          \
                                                                                                   \
	void *set_##copy##_##kind(void *dest, int c, size_t len, unsigned flags)                   \
	{                                                                                          \
		if (COPY_STORES(flags))                                                            \
			return set_stores(dest, c, len);                                           \
		if (copy_streams(len, flags))                                                      \
			return set_around_##kind(dest, c, len, flags);                             \
		if (SHORT_COPY && len <= SHORT_COPY && COPY_DRAINS(flags))                         \
			return set_short_durably_##kind(dest, c, len);                             \
		return set_and_flush_##kind(dest, c, len, flags);                                  \
	}

/*
 * Functions for memory with durable caches. They copy around the caches only if the flag
 * NONTEMPORAL asks for it.
 */
#define COPY_BYTE(copy)                                                                            \
	COPY_DECLARE(copy, byte)                                                                   \
                                                                                                   \
	static NOINLINE void *move_around_byte(                                                    \
		void *dest, const void *src, size_t len, unsigned flags)                           \
	{                                                                                          \
		move_around(dest, src, len, flush_none, flush_back_none);                          \
		if (COPY_DRAINS(flags))                                                            \
			arch_drain();                                                              \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	static NOINLINE void *set_around_byte(void *dest, int c, size_t len, unsigned flags)       \
	{                                                                                          \
		set_around(dest, c, len, flush_none, flush_back_none);                             \
		if (COPY_DRAINS(flags))                                                            \
			arch_drain();                                                              \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	void *move_##copy##_byte(void *dest, const void *src, size_t len, unsigned flags)          \
	{                                                                                          \
		if (COPY_STORES(flags))                                                            \
			return move_stores(dest, src, len);                                        \
		if (flags & PMEM2_F_MEM_NONTEMPORAL)                                               \
			return move_around_byte(dest, src, len, flags);                            \
		move_cached(dest, src, len);                                                       \
		if (COPY_DRAINS(flags))                                                            \
			arch_drain();                                                              \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	void *set_##copy##_byte(void *dest, int c, size_t len, unsigned flags)                     \
	{                                                                                          \
		if (COPY_STORES(flags))                                                            \
			return set_stores(dest, c, len);                                           \
		if (flags & PMEM2_F_MEM_NONTEMPORAL)                                               \
			return set_around_byte(dest, c, len, flags);                               \
		set_cached(dest, c, len);                                                          \
		if (COPY_DRAINS(flags))                                                            \
			arch_drain();                                                              \
		return dest;                                                                       \
	}
