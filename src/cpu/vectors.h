/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vectors.h - copy and fill with vector registers, through the caches or around them
 *
 * Included by a copy file that has defined
 *
 *	vec			the vector type, sizeof(vec) dividing 64
 *	vec_load(s)		load from any address
 *	vec_store(d, v)		store to any address
 *	vec_fill(c)		a vector with every byte c
 *
 * and, where the CPU can store around the caches, BLOCK_STREAM_IS_ONE_STORE as either
 *
 *	0	and vec_stream(d, v), which stores around the caches to a multiple of
 *		sizeof(vec), or
 *	1	and its own block_stream(), which leaves no half-filled write-combining buffer.
 *		A file may also define vec_stream() and STREAM_GROUP, the number of blocks that
 *		fit into all registers together. Overlapping copies around the caches then load
 *		STREAM_GROUP blocks before they store the first of them, if the settings for
 *		this CPU (struct cpu_tuning) ask for it
 *
 * Words. Stores are 16 bytes and more, or 8, 4, 2 and 1 at the ends of a range whose length is not
 * a multiple of 8. With destination and length multiples of 8 each store covers whole aligned
 * words, and where two stores overlap they carry the same bytes, so no word is ever seen in parts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "cpu/cpu.h"

#define BLOCK         64 /* bytes copied at a time: a cache line of the usual size */
#define BLOCK_VECS    (BLOCK / sizeof(vec))
#define GROUP         (sizeof(vec) / 8) /* a group: blocks that fit into 8 of the 16 registers */
#define GROUP_SIZE    (GROUP * BLOCK)
#define HALF          (GROUP / 2)
#define HALF_SIZE     (HALF * BLOCK)
#define HAS_HALVES    (GROUP >= 8) /* after all whole groups, copy half a group if it fits */
#define FENCED_BLOCKS 12           /* blocks between drains: one for each write-combining buffer */

typedef uint64_t __attribute__((may_alias, aligned(1))) u64_anywhere;
typedef uint32_t __attribute__((may_alias, aligned(1))) u32_anywhere;
typedef uint16_t __attribute__((may_alias, aligned(1))) u16_anywhere;
/* aligned() must come last: in GCC, vector_size() resets the alignment. */
typedef uint64_t __attribute__((vector_size(16), may_alias, aligned(1))) u128_anywhere;

struct block {
	vec part[BLOCK_VECS];
};

/*
 * Unroll the next loop, which has a constant number of iterations, so that the loaded vectors stay
 * in registers. gcc unrolls it without this only at -O3. At -O2, gcc would copy each group through
 * the stack: 835 instructions to copy 4 KiB with AVX-512 instead of 270.
 */
#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

static ALWAYS_INLINE struct block block_load(const char *s)
{
	struct block b;

	UNROLLED
	for (size_t i = 0; i < BLOCK_VECS; i++)
		b.part[i] = vec_load(s + i * sizeof(vec));
	return b;
}

static ALWAYS_INLINE void block_store(char *d, struct block b)
{
	UNROLLED
	for (size_t i = 0; i < BLOCK_VECS; i++)
		vec_store(d + i * sizeof(vec), b.part[i]);
}

#if defined(BLOCK_STREAM_IS_ONE_STORE) && !BLOCK_STREAM_IS_ONE_STORE
static ALWAYS_INLINE void block_stream(char *d, const char *s)
{
	struct block b = block_load(s);

	UNROLLED
	for (size_t i = 0; i < BLOCK_VECS; i++)
		vec_stream(d + i * sizeof(vec), b.part[i]);
}
#endif

/*
 * Copy the first and the last bytes of a range. These two pieces overlap in the middle; both are
 * loaded before either is stored.
 */
#define MOVE_ENDS(type)                                                                            \
	do {                                                                                       \
		type first = *(const type *)s, last = *(const type *)(s + n - sizeof(type));       \
		*(type *)d = first;                                                                \
		*(type *)(d + n - sizeof(type)) = last;                                            \
	} while (0)

/* Copy up to one block; source and destination may overlap. */
static ALWAYS_INLINE void move_small(char *d, const char *s, size_t n)
{
	if (n > 32) {
		u128_anywhere a = *(const u128_anywhere *)s, b = *(const u128_anywhere *)(s + 16);
		u128_anywhere y = *(const u128_anywhere *)(s + n - 32);
		u128_anywhere z = *(const u128_anywhere *)(s + n - 16);
		*(u128_anywhere *)d = a;
		*(u128_anywhere *)(d + 16) = b;
		*(u128_anywhere *)(d + n - 32) = y;
		*(u128_anywhere *)(d + n - 16) = z;
	} else if (n >= 16) {
		MOVE_ENDS(u128_anywhere);
	} else if (n >= 8) {
		MOVE_ENDS(u64_anywhere);
	} else if (n >= 4) {
		MOVE_ENDS(u32_anywhere);
	} else if (n >= 2) {
		MOVE_ENDS(u16_anywhere);
	} else if (n) {
		*d = *s;
	}
}

/* A group of GROUP consecutive blocks, which are all loaded before the first of them is stored. */
struct group {
	struct block block[GROUP];
};

static ALWAYS_INLINE struct group group_load(const char *s)
{
	struct group g;

	UNROLLED
	for (size_t i = 0; i < GROUP; i++)
		g.block[i] = block_load(s + i * BLOCK);
	return g;
}

static ALWAYS_INLINE void group_store(char *d, struct group g)
{
	UNROLLED
	for (size_t i = 0; i < GROUP; i++)
		block_store(d + i * BLOCK, g.block[i]);
}

static ALWAYS_INLINE void half_move(char *d, const char *s)
{
	struct block b[HALF];

	UNROLLED
	for (size_t i = 0; i < HALF; i++)
		b[i] = block_load(s + i * BLOCK);
	UNROLLED
	for (size_t i = 0; i < HALF; i++)
		block_store(d + i * BLOCK, b[i]);
}

/* Prefetch `count` lines, a constant number, because they will be stored to. */
static ALWAYS_INLINE void fetch_blocks(const char *d, size_t count)
{
#ifdef FETCH_TO_STORE
	/*
	 * This empty asm makes the compiler keep one base register, instead of computing each
	 * address.
	 */
	__asm__("" : "+r"(d));
	UNROLLED
	for (size_t i = 0; i < count; i++)
		FETCH_TO_STORE(d + i * BLOCK);
#else
	(void)d;
	(void)count;
#endif
}

static ALWAYS_INLINE void fetch_group(const char *d)
{
	fetch_blocks(d, GROUP);
}

/*
 * Prefetch the lines of a range of more than one block and at most four. A line may be prefetched
 * twice: without a loop this takes fewer instructions.
 */
static ALWAYS_INLINE void fetch_medium(const char *d, size_t n)
{
#ifdef FETCH_TO_STORE
	FETCH_TO_STORE(d);
	FETCH_TO_STORE(d + BLOCK);
	if (n > 2 * BLOCK) {
		FETCH_TO_STORE(d + 2 * BLOCK);
		FETCH_TO_STORE(d + n - 1 - BLOCK);
	}
	FETCH_TO_STORE(d + n - 1);
#else
	(void)d;
	(void)n;
#endif
}

/*
 * Prefetch the lines at the beginning of a range together, at most `most` bytes. Stores to lines
 * that are in no cache then wait for about one memory access, instead of one for each line until
 * the CPU's own prefetchers have detected the pattern.
 */
static ALWAYS_INLINE void fetch_first(const char *d, size_t n, size_t most)
{
	const char *end = d + (n < most ? n : most);

	d -= (uintptr_t)d % BLOCK;
	for (; d + GROUP_SIZE <= end; d += GROUP_SIZE)
		fetch_group(d);
	if (HAS_HALVES && d + HALF_SIZE <= end) {
		fetch_blocks(d, HALF);
		d += HALF_SIZE;
	}
	for (; d < end; d += BLOCK)
		fetch_blocks(d, 1);
}

/*
 * Returns how many bytes to prefetch, at most `most`. If source and destination overlap, only the
 * part of the destination outside of the source is prefetched: the source is loaded anyway.
 */
static ALWAYS_INLINE size_t fetched_at_most(size_t apart, size_t most)
{
	return apart < most ? apart : most;
}

static ALWAYS_INLINE void fetch_last(const char *d, size_t n, size_t most)
{
	fetch_first(n < most ? d : d + n - most, n, most);
}

/*
 * Tell if each next group should be prefetched while a group is stored. The range must be long
 * enough, and the source (`apart` bytes from the destination) not so near that the destination's
 * lines were just loaded as source.
 */
static ALWAYS_INLINE bool fetches_ahead(size_t n, size_t apart)
{
#ifdef FETCH_TO_STORE
	return n > cpu.tuning.fetches_ahead_above && apart > 4096;
#else
	(void)n;
	(void)apart;
	return false;
#endif
}

/* Copy more than one and up to four blocks: all bytes are loaded before any is stored. */
static ALWAYS_INLINE void move_medium(char *d, const char *s, size_t n)
{
	struct block a = block_load(s), z = block_load(s + n - BLOCK);

	if (cpu.tuning.move_fetches && (uintptr_t)d - (uintptr_t)s >= n &&
		(uintptr_t)s - (uintptr_t)d >= n)
		fetch_medium(d, n);
	if (n > 2 * BLOCK) {
		struct block b = block_load(s + BLOCK), y = block_load(s + n - 2 * BLOCK);
		block_store(d, a);
		block_store(d + BLOCK, b);
		block_store(d + n - 2 * BLOCK, y);
	} else {
		block_store(d, a);
	}
	block_store(d + n - BLOCK, z);
}

/* Copy, upwards, the blocks between the two ends of a range; the ends are copied elsewhere. */
static ALWAYS_INLINE size_t blocks_up(char *d, const char *s, size_t i, size_t n, size_t apart)
{
	if (fetches_ahead(n, apart))
		for (; i + 2 * GROUP_SIZE <= n; i += GROUP_SIZE) {
			fetch_group(d + i + GROUP_SIZE);
			group_store(d + i, group_load(s + i));
		}
	for (; i + GROUP_SIZE <= n; i += GROUP_SIZE)
		group_store(d + i, group_load(s + i));
	if (HAS_HALVES && i + HALF_SIZE < n) {
		half_move(d + i, s + i);
		i += HALF_SIZE;
	}
	for (; i + BLOCK < n; i += BLOCK)
		block_store(d + i, block_load(s + i));
	return i;
}

static ALWAYS_INLINE size_t blocks_down(char *d, const char *s, size_t i, size_t n, size_t apart)
{
	if (fetches_ahead(n, apart))
		for (; i >= 2 * GROUP_SIZE; i -= GROUP_SIZE) {
			fetch_group(d + i - 2 * GROUP_SIZE);
			group_store(d + i - GROUP_SIZE, group_load(s + i - GROUP_SIZE));
		}
	for (; i >= GROUP_SIZE; i -= GROUP_SIZE)
		group_store(d + i - GROUP_SIZE, group_load(s + i - GROUP_SIZE));
	if (HAS_HALVES && i > HALF_SIZE) {
		i -= HALF_SIZE;
		half_move(d + i, s + i);
	}
	for (; i > BLOCK; i -= BLOCK)
		block_store(d + i - BLOCK, block_load(s + i - BLOCK));
	return i;
}

/*
 * Copy more than four blocks. Unlike in move_up(), no byte is stored twice, and each load is for
 * bytes of a single line of the destination. The reason: a later copy may load bytes that this copy
 * has stored. A load whose bytes all come from one store need not wait until this store has reached
 * the cache.
 */
static NOINLINE char *move_up_exactly(char *d, const char *s, size_t n)
{
	size_t apart = (uintptr_t)s - (uintptr_t)d, i = -(uintptr_t)d % BLOCK;

	if (cpu.tuning.move_fetches)
		fetch_first(d, n, fetched_at_most(apart, cpu.tuning.move_fetches));
	move_small(d, s, i);
	i = blocks_up(d, s, i, n, apart);
	move_small(d + i, s + i, n - i);
	return d;
}

static NOINLINE char *move_down_exactly(char *d, const char *s, size_t n)
{
	size_t apart = (uintptr_t)d - (uintptr_t)s, i = n - (uintptr_t)(d + n) % BLOCK;

	if (cpu.tuning.move_fetches)
		fetch_last(d, n, fetched_at_most(apart, cpu.tuning.move_fetches));
	move_small(d + i, s + i, n - i);
	i = blocks_down(d, s, i, n, apart);
	move_small(d, s, i);
	return d;
}

/*
 * Copy more than four blocks. The first and the last block are loaded before anything is stored,
 * and are stored unaligned; the blocks between them are stored aligned, in groups. Stores go in the
 * order of addresses, which the prefetchers of CPUs follow. Exception: if a later block is loaded
 * from where the first block is stored, the first block is stored last. Returns `d` so that
 * callers can tail-call it.
 */
static char *move_up(char *d, const char *s, size_t n)
{
	size_t apart = (uintptr_t)s - (uintptr_t)d;

	if (cpu.tuning.move_fetches)
		fetch_first(d, n, fetched_at_most(apart, cpu.tuning.move_fetches));
	struct block first = block_load(s), last = block_load(s + n - BLOCK);
	bool is_read_again = apart < BLOCK;

	if (!is_read_again)
		block_store(d, first);
	blocks_up(d, s, BLOCK - (uintptr_t)d % BLOCK, n, apart);
	block_store(d + n - BLOCK, last);
	if (is_read_again)
		block_store(d, first);
	return d;
}

static char *move_down(char *d, const char *s, size_t n)
{
	size_t apart = (uintptr_t)d - (uintptr_t)s;

	if (cpu.tuning.move_fetches)
		fetch_last(d, n, fetched_at_most(apart, cpu.tuning.move_fetches));
	struct block first = block_load(s), last = block_load(s + n - BLOCK);
	bool is_read_again = apart < BLOCK;

	if (!is_read_again)
		block_store(d + n - BLOCK, last);
	blocks_down(d, s, n - (uintptr_t)(d + n) % BLOCK, n, apart);
	block_store(d, first);
	if (is_read_again)
		block_store(d + n - BLOCK, last);
	return d;
}

/* Copies and fills of up to this many bytes call no function, see copy.h. */
#define SHORT_COPY (4 * BLOCK)

static ALWAYS_INLINE void move_short(char *d, const char *s, size_t n)
{
	if (n > BLOCK)
		move_medium(d, s, n);
	else
		move_small(d, s, n);
}

static ALWAYS_INLINE char *move_cached(char *d, const char *s, size_t n)
{
	if (n > SHORT_COPY) {
		bool upwards = (uintptr_t)d - (uintptr_t)s >= n;

		if (n > cpu.tuning.exact_ends_above)
			return upwards ? move_up_exactly(d, s, n) : move_down_exactly(d, s, n);
		return upwards ? move_up(d, s, n) : move_down(d, s, n);
	}
	move_short(d, s, n);
	return d;
}

#ifdef BLOCK_STREAM_IS_ONE_STORE
/*
 * Drain after every FENCED_BLOCKS blocks, if the settings for this CPU or the environment ask for
 * it.
 */
static ALWAYS_INLINE void stream_breath(size_t *blocks)
{
	if (!BLOCK_STREAM_IS_ONE_STORE && ++*blocks == FENCED_BLOCKS) {
		*blocks = 0;
		if (cpu.fence_while_streaming)
			arch_drain();
	}
}

/* Copy `n` bytes, in whole aligned blocks, around the caches. */
static ALWAYS_INLINE void stream_up(char *d, const char *s, size_t n)
{
	for (size_t i = 0, blocks = 0; i < n; i += BLOCK) {
		block_stream(d + i, s + i);
		stream_breath(&blocks);
	}
}

static ALWAYS_INLINE void stream_down(char *d, const char *s, size_t n)
{
	for (size_t i = n, blocks = 0; i; i -= BLOCK) {
		block_stream(d + i - BLOCK, s + i - BLOCK);
		stream_breath(&blocks);
	}
}

#ifdef STREAM_GROUP
#define STREAM_GROUP_SIZE ((size_t)STREAM_GROUP * BLOCK)

static ALWAYS_INLINE void stream_group(char *d, const char *s)
{
	vec part[STREAM_GROUP * BLOCK_VECS];

	UNROLLED
	for (size_t i = 0; i < STREAM_GROUP * BLOCK_VECS; i++)
		part[i] = vec_load(s + i * sizeof(vec));
	UNROLLED
	for (size_t i = 0; i < STREAM_GROUP * BLOCK_VECS; i++)
		vec_stream(d + i * sizeof(vec), part[i]);
}

/* Copy whole groups of blocks, upwards from the beginning. Returns the number of bytes copied. */
static NOINLINE size_t stream_groups_up(char *d, const char *s, size_t n)
{
	size_t i = 0;

	for (; i + STREAM_GROUP_SIZE <= n; i += STREAM_GROUP_SIZE)
		stream_group(d + i, s + i);
	return i;
}

/*
 * Copy whole groups of blocks, downwards from the end. Returns the number of bytes that are left
 * to copy, at the beginning.
 */
static NOINLINE size_t stream_groups_down(char *d, const char *s, size_t n)
{
	for (; n >= STREAM_GROUP_SIZE; n -= STREAM_GROUP_SIZE)
		stream_group(d + n - STREAM_GROUP_SIZE, s + n - STREAM_GROUP_SIZE);
	return n;
}
#else
#define stream_groups_up(d, s, n)   ((size_t)0)
#define stream_groups_down(d, s, n) (n)
#endif

/* Like stream_up() and stream_down(), for a source that overlaps the destination. */
static ALWAYS_INLINE void stream_up_overlapping(char *d, const char *s, size_t n)
{
	size_t done = n > cpu.tuning.stream_groups_above ? stream_groups_up(d, s, n) : 0;

	stream_up(d + done, s + done, n - done);
}

static ALWAYS_INLINE void stream_down_overlapping(char *d, const char *s, size_t n)
{
	stream_down(d, s, n > cpu.tuning.stream_groups_above ? stream_groups_down(d, s, n) : n);
}
#endif

#define SET_ENDS(type)                                                                             \
	do {                                                                                       \
		*(type *)d = (type)value;                                                          \
		*(type *)(d + n - sizeof(type)) = (type)value;                                     \
	} while (0)

static ALWAYS_INLINE void set_small(char *d, int c, size_t n)
{
	uint64_t value = (unsigned char)c * 0x0101010101010101u;

	if (n >= 16) {
		u128_anywhere wide = {value, value};
		*(u128_anywhere *)d = wide;
		if (n > 32) {
			*(u128_anywhere *)(d + 16) = wide;
			*(u128_anywhere *)(d + n - 32) = wide;
		}
		*(u128_anywhere *)(d + n - 16) = wide;
	} else if (n >= 8) {
		SET_ENDS(u64_anywhere);
	} else if (n >= 4) {
		SET_ENDS(u32_anywhere);
	} else if (n >= 2) {
		SET_ENDS(u16_anywhere);
	} else if (n) {
		*d = (char)c;
	}
}

static ALWAYS_INLINE struct block block_fill(int c)
{
	struct block b;

	UNROLLED
	for (size_t i = 0; i < BLOCK_VECS; i++)
		b.part[i] = vec_fill((char)c);
	return b;
}

static ALWAYS_INLINE void set_medium(char *d, int c, size_t n)
{
	struct block b = block_fill(c);

	if (cpu.tuning.set_fetches)
		fetch_medium(d, n);
	block_store(d, b);
	if (n > 2 * BLOCK) {
		block_store(d + BLOCK, b);
		block_store(d + n - 2 * BLOCK, b);
	}
	block_store(d + n - BLOCK, b);
}

/* Store the same block `count` times, a constant number. */
static ALWAYS_INLINE void blocks_set(char *d, struct block b, size_t count)
{
	UNROLLED
	for (size_t i = 0; i < count; i++)
		block_store(d + i * BLOCK, b);
}

static char *set_large(char *d, int c, size_t n)
{
	if (cpu.tuning.set_fetches)
		fetch_first(d, n, cpu.tuning.set_fetches);
	struct block b = block_fill(c);
	size_t i = BLOCK - (uintptr_t)d % BLOCK;

	block_store(d, b);
	if (fetches_ahead(n, SIZE_MAX))
		for (; i + 2 * GROUP_SIZE <= n; i += GROUP_SIZE) {
			fetch_group(d + i + GROUP_SIZE);
			blocks_set(d + i, b, GROUP);
		}
	for (; i + GROUP_SIZE <= n; i += GROUP_SIZE)
		blocks_set(d + i, b, GROUP);
	if (HAS_HALVES && i + HALF_SIZE < n) {
		blocks_set(d + i, b, HALF);
		i += HALF_SIZE;
	}
	for (; i + BLOCK < n; i += BLOCK)
		block_store(d + i, b);
	/* Do not store a block that crosses the end of a page: that takes 11 ns longer. */
	if ((uintptr_t)(d + i) % 4096)
		block_store(d + n - BLOCK, b);
	else
		set_small(d + i, c, n - i);
	return d;
}

static ALWAYS_INLINE void set_short(char *d, int c, size_t n)
{
	if (n > BLOCK)
		set_medium(d, c, n);
	else
		set_small(d, c, n);
}

static ALWAYS_INLINE char *set_cached(char *d, int c, size_t n)
{
	if (n > SHORT_COPY)
		return set_large(d, c, n);
	set_short(d, c, n);
	return d;
}

#ifdef BLOCK_STREAM_IS_ONE_STORE
static ALWAYS_INLINE void stream_fill(char *d, int c, size_t n)
{
	struct block b = block_fill(c);

	for (size_t i = 0, blocks = 0; i < n; i += BLOCK) {
		block_stream(d + i, (const char *)&b);
		stream_breath(&blocks);
	}
}
#endif
