/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wrong.h - copy functions that each break one rule of cpu.h, to test that the oracle (oracle.h)
 * detects it
 *
 * They copy at least 8 bytes, in whole words, between ranges that do not overlap, and flush with
 * CLFLUSH, which every x86-64 CPU has.
 */
#ifndef TEST_UNIT_WRONG_H
#define TEST_UNIT_WRONG_H

#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) wrong_word;
typedef uint32_t __attribute__((may_alias, aligned(1))) wrong_half;

#define WRONG_LINE 64

static void wrong_store(char *dest, const char *src, size_t len)
{
	for (size_t i = 0; i < len; i += 8)
		*(volatile wrong_word *)(dest + i) = *(const wrong_word *)(src + i);
}

static void wrong_stream(char *dest, const char *src, size_t len)
{
	for (size_t i = 0; i < len; i += 8)
		__asm__ volatile("movnti %1, %0"
				 : "=m"(*(wrong_word *)(dest + i))
				 : "r"(*(const wrong_word *)(src + i))
				 : "memory");
}

static void wrong_flush(const char *addr, size_t len)
{
	uintptr_t line = (uintptr_t)addr / WRONG_LINE * WRONG_LINE;

	for (; line < (uintptr_t)addr + len; line += WRONG_LINE)
		__asm__ volatile("clflush %0" ::"m"(*(const char *)line) : "memory");
}

static void wrong_fence(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

/*
 * A correct copy, in which the oracle must find no fault.
 */
static void *copy_rightly(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_flush(dest, len);
	wrong_fence();
	return dest;
}

static void *copy_a_word_in_halves(void *dest, const void *src, size_t len, unsigned flags)
{
	char *d = dest;
	const char *s = src;

	wrong_store(d, s, len - 8);
	*(volatile wrong_half *)(d + len - 8) = *(const wrong_half *)(s + len - 8);
	*(volatile wrong_half *)(d + len - 4) = *(const wrong_half *)(s + len - 4);
	wrong_flush(d, len);
	wrong_fence();
	return dest;
}

static void *copy_all_but_a_word(void *dest, const void *src, size_t len, unsigned flags)
{
	return copy_rightly(dest, src, len - 8, flags);
}

static void *copy_without_last_flush(void *dest, const void *src, size_t len, unsigned flags)
{
	uintptr_t last = ((uintptr_t)dest + len - 1) / WRONG_LINE * WRONG_LINE;

	wrong_store(dest, src, len);
	wrong_flush(dest, last - (uintptr_t)dest);
	wrong_fence();
	return dest;
}

static void *copy_and_flush_a_line_twice(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_flush(dest, len);
	wrong_flush(dest, 1);
	wrong_fence();
	return dest;
}

static void *copy_and_flush_the_next_line(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_flush(dest, len + WRONG_LINE);
	wrong_fence();
	return dest;
}

/*
 * After the flush, stores the same value again: the hardest case for the oracle, because memory
 * does not change.
 */
static void *copy_and_store_after_flush(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_flush(dest, len);
	wrong_store(dest, src, 8);
	wrong_fence();
	return dest;
}

static void *copy_without_fence(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_flush(dest, len);
	return dest;
}

static void *copy_and_fence_before_flush(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_store(dest, src, len);
	wrong_fence();
	wrong_flush(dest, len);
	return dest;
}

static void *copy_and_fence_twice(void *dest, const void *src, size_t len, unsigned flags)
{
	copy_rightly(dest, src, len, flags);
	wrong_fence();
	return dest;
}

/*
 * Copies with streaming stores, which bypass the caches. That is a fault only if the flags ask for
 * a copy through the caches.
 */
static void *copy_around_caches(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_stream(dest, src, len);
	wrong_fence();
	return dest;
}

static void *copy_around_caches_and_flush(void *dest, const void *src, size_t len, unsigned flags)
{
	wrong_stream(dest, src, len);
	wrong_flush(dest, len);
	wrong_fence();
	return dest;
}

#endif
