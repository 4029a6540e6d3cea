/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - copy and fill with plain 8-byte stores, which any CPU has
 *
 * A file that defines the copy functions of a CPU includes this header before engine.h. The stores
 * are volatile so that a compiler does not join or split them, and does not replace them with a
 * call to memcpy(3), which may store a word in parts.
 */
#include <stdint.h>

#include "base/attr.h"

typedef uint64_t __attribute__((may_alias)) word;
typedef uint64_t __attribute__((may_alias, aligned(1))) word_anywhere;

static ALWAYS_INLINE void store_byte(char *d, char value)
{
	*(volatile char *)d = value;
}

static ALWAYS_INLINE void store_word(char *d, uint64_t value)
{
	*(volatile word *)d = value;
}

static void move_up(char *d, const char *s, size_t n)
{
	for (; n && (uintptr_t)d % 8; n--)
		store_byte(d++, *s++);
	for (; n >= 8; n -= 8, d += 8, s += 8)
		store_word(d, *(const word_anywhere *)s);
	while (n--)
		store_byte(d++, *s++);
}

static void move_down(char *d, const char *s, size_t n)
{
	d += n;
	s += n;
	for (; n && (uintptr_t)d % 8; n--)
		store_byte(--d, *--s);
	for (; n >= 8; n -= 8) {
		d -= 8;
		s -= 8;
		store_word(d, *(const word_anywhere *)s);
	}
	while (n--)
		store_byte(--d, *--s);
}

static ALWAYS_INLINE char *move_cached(char *d, const char *s, size_t n)
{
	/* Copy upwards, unless the destination begins inside the source: then copy downwards. */
	if ((uintptr_t)d - (uintptr_t)s >= n)
		move_up(d, s, n);
	else
		move_down(d, s, n);
	return d;
}

static char *set_cached(char *d, int c, size_t n)
{
	uint64_t value = (unsigned char)c * 0x0101010101010101u;
	char *at = d;

	for (; n && (uintptr_t)at % 8; n--)
		store_byte(at++, (char)c);
	for (; n >= 8; n -= 8, at += 8)
		store_word(at, value);
	while (n--)
		store_byte(at++, (char)c);
	return d;
}
