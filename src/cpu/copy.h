/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy.h - what the flags mean, the same for every way of copying and of flushing
 *
 * Included last by a copy file, after a body (words.h or vectors.h) has given it
 *
 *	move_cached, set_cached		through the caches
 *	move_stream, set_stream		whole aligned blocks around them, the ends through them
 *	COPY_STREAMS			whether the latter do that at all
 *
 * COPY(copy, flush) makes the functions for memory that `flush` makes durable, COPY_BYTE(copy)
 * those for memory whose caches are durable.
 */
#include <stdbool.h>

#include "base/attr.h"
#include "cpu/engine.h"
#include "libpmem2/base.h"

#ifndef BLOCK
#define BLOCK 64
#endif

/*
 * A cached copy is flushed this much at a time, while it is still in the first-level cache. Chunks
 * end at multiples of it, so that no line is in two of them.
 */
#define CHUNK 4096

typedef void flush_fn(const void *addr, size_t len);

static ALWAYS_INLINE bool copy_streams(size_t len, unsigned flags)
{
	if (!COPY_STREAMS)
		return false;
	if (flags & (PMEM2_F_MEM_NONTEMPORAL | PMEM2_F_MEM_WC))
		return true;
	if (flags & (PMEM2_F_MEM_TEMPORAL | PMEM2_F_MEM_WB))
		return false;
	return len >= cpu.stream_threshold;
}

/* After a streaming copy: flush what went through the caches at the ends of the range. */
static ALWAYS_INLINE void flush_ends(const char *d, size_t n, flush_fn *flush)
{
	size_t head = -(uintptr_t)d % BLOCK, tail = (uintptr_t)(d + n) % BLOCK;

	if (head + BLOCK > n) {
		flush(d, n);
	} else {
		flush(d, head);
		flush(d + n - tail, tail);
	}
}

static ALWAYS_INLINE void move_and_flush(char *d, const char *s, size_t n, flush_fn *flush)
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
	flush(d, n);
}

static ALWAYS_INLINE void set_and_flush(char *d, int c, size_t n, flush_fn *flush)
{
	for (size_t part; n > CHUNK; d += part, n -= part) {
		part = CHUNK - (uintptr_t)d % CHUNK;
		set_cached(d, c, part);
		flush(d, part);
	}
	set_cached(d, c, n);
	flush(d, n);
}

#define COPY(copy, kind)                                                                           \
	COPY_DECLARE(copy, kind)                                                                   \
                                                                                                   \
	void *move_##copy##_##kind(void *dest, const void *src, size_t len, unsigned flags)        \
	{                                                                                          \
		if (flags & PMEM2_F_MEM_NOFLUSH) {                                                 \
			move_cached(dest, src, len);                                               \
			return dest;                                                               \
		}                                                                                  \
		if (copy_streams(len, flags)) {                                                    \
			move_stream(dest, src, len);                                               \
			flush_ends(dest, len, flush_##kind);                                       \
		} else {                                                                           \
			move_and_flush(dest, src, len, flush_##kind);                              \
		}                                                                                  \
		if (!(flags & PMEM2_F_MEM_NODRAIN))                                                \
			arch_drain();                                                              \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	void *set_##copy##_##kind(void *dest, int c, size_t len, unsigned flags)                   \
	{                                                                                          \
		if (flags & PMEM2_F_MEM_NOFLUSH) {                                                 \
			set_cached(dest, c, len);                                                  \
			return dest;                                                               \
		}                                                                                  \
		if (copy_streams(len, flags)) {                                                    \
			set_stream(dest, c, len);                                                  \
			flush_ends(dest, len, flush_##kind);                                       \
		} else {                                                                           \
			set_and_flush(dest, c, len, flush_##kind);                                 \
		}                                                                                  \
		if (!(flags & PMEM2_F_MEM_NODRAIN))                                                \
			arch_drain();                                                              \
		return dest;                                                                       \
	}

/* Here only an explicit NONTEMPORAL streams: what is in the caches is durable already. */
#define COPY_BYTE(copy)                                                                            \
	COPY_DECLARE(copy, byte)                                                                   \
                                                                                                   \
	void *move_##copy##_byte(void *dest, const void *src, size_t len, unsigned flags)          \
	{                                                                                          \
		bool stores_only = flags & PMEM2_F_MEM_NOFLUSH;                                    \
                                                                                                   \
		if (!stores_only && (flags & PMEM2_F_MEM_NONTEMPORAL))                             \
			move_stream(dest, src, len);                                               \
		else                                                                               \
			move_cached(dest, src, len);                                               \
		if (!stores_only && !(flags & PMEM2_F_MEM_NODRAIN))                                \
			arch_drain();                                                              \
		return dest;                                                                       \
	}                                                                                          \
                                                                                                   \
	void *set_##copy##_byte(void *dest, int c, size_t len, unsigned flags)                     \
	{                                                                                          \
		bool stores_only = flags & PMEM2_F_MEM_NOFLUSH;                                    \
                                                                                                   \
		if (!stores_only && (flags & PMEM2_F_MEM_NONTEMPORAL))                             \
			set_stream(dest, c, len);                                                  \
		else                                                                               \
			set_cached(dest, c, len);                                                  \
		if (!stores_only && !(flags & PMEM2_F_MEM_NODRAIN))                                \
			arch_drain();                                                              \
		return dest;                                                                       \
	}
