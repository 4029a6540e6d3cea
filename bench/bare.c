/* SPDX-License-Identifier: BSD-3-Clause */
#include "bare.h"

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__) && (defined(__CLWB__) || defined(__CLFLUSHOPT__)) && defined(__AVX2__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

#ifdef __CLWB__
#define flush_line(p) _mm_clwb((void *)(p))
#else
#define flush_line(p) _mm_clflushopt((void *)(p))
#endif

#ifdef __AVX512F__
#define line_t            __m512i
#define line_load(s)      _mm512_loadu_si512(s)
#define line_store(d, v)  _mm512_storeu_si512((d), (v))
#define line_stream(d, v) _mm512_stream_si512((void *)(d), (v))
#define line_fill(c)      _mm512_set1_epi8(c)
#else
typedef struct {
	__m256i low, high;
} line_t;
INLINE line_t line_load(const void *s)
{
	const __m256i *from = s;

	return (line_t){_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}
INLINE void line_store(void *d, line_t v)
{
	_mm256_storeu_si256((__m256i *)d, v.low);
	_mm256_storeu_si256((__m256i *)d + 1, v.high);
}
INLINE void line_stream(void *d, line_t v)
{
	_mm256_stream_si256((__m256i *)d, v.low);
	_mm256_stream_si256((__m256i *)d + 1, v.high);
}
INLINE line_t line_fill(char c)
{
	return (line_t){_mm256_set1_epi8(c), _mm256_set1_epi8(c)};
}
#endif

INLINE void flush(const void *addr, size_t len)
{
	for (uintptr_t line = (uintptr_t)addr & -64ul; line < (uintptr_t)addr + len; line += 64)
		flush_line(line);
}

static void flush_only(const void *addr, size_t len)
{
	flush(addr, len);
}

static void flush_and_drain(const void *addr, size_t len)
{
	flush(addr, len);
	_mm_sfence();
}

static void drain_only(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
	_mm_sfence();
}

bare_persist_fn *bare_persist(enum bare_way way)
{
	return way == BARE_STORE_DRAIN ? drain_only
	       : way == BARE_FLUSH     ? flush_only
				       : flush_and_drain;
}

INLINE bool only_stores(enum bare_way way)
{
	return way == BARE_STORE || way == BARE_STORE_DRAIN;
}

INLINE void drain(enum bare_way way)
{
	if (way == BARE_STORE_DRAIN || way == BARE_FLUSH_DRAIN || way == BARE_STREAM_DRAIN)
		_mm_sfence();
}

INLINE void finish(const char *d, size_t n, enum bare_way way)
{
	if (way == BARE_FLUSH || way == BARE_FLUSH_DRAIN)
		flush(d, n);
	drain(way);
}

/* Flushes the first and the last cache line of a range; the range may fill only a part of each. */
INLINE void finish_ends(const char *d, size_t n, enum bare_way way)
{
	if (!only_stores(way)) {
		flush_line(d);
		flush_line(d + n - 1);
	}
	drain(way);
}

/* Moves `n` bytes. Callers pass a constant, for which the compiler optimizes memcpy and memset. */
INLINE void *move_known(char *d, const char *s, size_t n, enum bare_way way)
{
	if (way >= BARE_STREAM && n % 8)
		way = way == BARE_STREAM ? BARE_FLUSH : BARE_FLUSH_DRAIN;
	if (way >= BARE_STREAM)
		for (size_t i = 0; i < n; i += 8)
			_mm_stream_si64((long long *)(d + i), *(const long long *)(s + i));
	else
		__builtin_memmove(d, s, n);
	finish(d, n, way);
	return d;
}

INLINE void *set_known(char *d, int c, size_t n, enum bare_way way)
{
	if (way >= BARE_STREAM && n % 8)
		way = way == BARE_STREAM ? BARE_FLUSH : BARE_FLUSH_DRAIN;
	if (way >= BARE_STREAM)
		for (size_t i = 0; i < n; i += 8)
			_mm_stream_si64((long long *)(d + i),
				(long long)((unsigned char)c * 0x0101010101010101u));
	else
		__builtin_memset(d, c, n);
	finish(d, n, way);
	return d;
}

/*
 * Stores an aligned line of 64 bytes. Callers store the first and the last 64 bytes of a range with
 * line_store() instead, because these bytes need not be aligned.
 */
INLINE void store(char *d, line_t v, enum bare_way way)
{
	if (way >= BARE_STREAM)
		line_stream(d, v);
	else
		line_store(d, v);
	if (way == BARE_FLUSH || way == BARE_FLUSH_DRAIN)
		flush_line(d);
}

INLINE void *move_any(char *d, const char *s, size_t n, enum bare_way way)
{
	line_t first = line_load(s), last = line_load(s + n - 64);
	size_t head = -(uintptr_t)d % 64;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		for (size_t i = head; i + 64 <= n; i += 64)
			store(d + i, line_load(s + i), way);
	else
		for (size_t i = n - (n - head) % 64; i >= head + 64; i -= 64)
			store(d + i - 64, line_load(s + i - 64), way);
	line_store(d, first);
	line_store(d + n - 64, last);
	finish_ends(d, n, way);
	return d;
}

INLINE void *set_any(char *d, int c, size_t n, enum bare_way way)
{
	line_t fill = line_fill((char)c);

	for (size_t i = -(uintptr_t)d % 64; i + 64 <= n; i += 64)
		store(d + i, fill, way);
	line_store(d, fill);
	line_store(d + n - 64, fill);
	finish_ends(d, n, way);
	return d;
}

#define FIXED(WAY)                                                                                 \
	KNOWN(8, WAY)                                                                              \
	KNOWN(16, WAY)                                                                             \
	KNOWN(24, WAY)                                                                             \
	KNOWN(32, WAY)                                                                             \
	KNOWN(48, WAY)                                                                             \
	KNOWN(64, WAY)                                                                             \
	KNOWN(100, WAY)                                                                            \
	KNOWN(128, WAY)                                                                            \
	KNOWN(200, WAY)                                                                            \
	KNOWN(256, WAY)

#define EACH_WAY                                                                                   \
	FIXED(BARE_STORE)                                                                          \
	FIXED(BARE_STORE_DRAIN)                                                                    \
	FIXED(BARE_FLUSH)                                                                          \
	FIXED(BARE_FLUSH_DRAIN)                                                                    \
	FIXED(BARE_STREAM)                                                                         \
	FIXED(BARE_STREAM_DRAIN)                                                                   \
	ANY(BARE_STORE)                                                                            \
	ANY(BARE_STORE_DRAIN)                                                                      \
	ANY(BARE_FLUSH)                                                                            \
	ANY(BARE_FLUSH_DRAIN)                                                                      \
	ANY(BARE_STREAM)                                                                           \
	ANY(BARE_STREAM_DRAIN)

#define MAKE(name, known, WAY)                                                                     \
	static void *move_##name(void *d, const void *s, size_t n, unsigned flags)                 \
	{                                                                                          \
		(void)flags;                                                                       \
		return move_##known(d, s, n, WAY);                                                 \
	}                                                                                          \
	static void *set_##name(void *d, int c, size_t n, unsigned flags)                          \
	{                                                                                          \
		(void)flags;                                                                       \
		return set_##known(d, c, n, WAY);                                                  \
	}

#define KNOWN(N, WAY)                                                                              \
	static void *move_##N##_##WAY(void *d, const void *s, size_t n, unsigned flags)            \
	{                                                                                          \
		(void)n;                                                                           \
		(void)flags;                                                                       \
		return move_known(d, s, N, WAY);                                                   \
	}                                                                                          \
	static void *set_##N##_##WAY(void *d, int c, size_t n, unsigned flags)                     \
	{                                                                                          \
		(void)n;                                                                           \
		(void)flags;                                                                       \
		return set_known(d, c, N, WAY);                                                    \
	}
#define ANY(WAY) MAKE(any_##WAY, any, WAY)
EACH_WAY
#undef KNOWN
#undef ANY

#define KNOWN(N, WAY) {WAY, N, move_##N##_##WAY, set_##N##_##WAY},
#define ANY(WAY)      {WAY, 0, move_any_##WAY, set_any_##WAY},
static const struct {
	enum bare_way way;
	size_t length; /* bytes that the functions copy or fill; 0: any number from 64 on */
	bare_move_fn *move;
	bare_set_fn *set;
} table[] = {EACH_WAY};

static size_t find(enum bare_way way, size_t len)
{
	size_t i = 0;

	while (table[i].way != way || (table[i].length != len && table[i].length != 0))
		i++;
	return i;
}

bare_move_fn *bare_move(enum bare_way way, size_t len)
{
	return table[find(way, len)].move;
}

bare_set_fn *bare_set(enum bare_way way, size_t len)
{
	return table[find(way, len)].set;
}
#else
bare_persist_fn *bare_persist(enum bare_way way)
{
	(void)way;
	return NULL;
}

bare_move_fn *bare_move(enum bare_way way, size_t len)
{
	(void)way;
	(void)len;
	return NULL;
}

bare_set_fn *bare_set(enum bare_way way, size_t len)
{
	(void)way;
	(void)len;
	return NULL;
}
#endif
