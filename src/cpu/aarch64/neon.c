/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neon.c - copy and fill on AArch64 with 16-byte registers, which every program for it may use
 * (AAPCS64)
 *
 * A 16-byte store to a multiple of 8 is two single-copy atomic 8-byte ones (DDI 0487, "Requirements
 * for single-copy atomicity"), so aligned 8-byte words are stored whole. There is no copy around
 * the caches: the non-temporal STNP is only a hint about caches, and lines that it stored to must
 * be cleaned, too.
 */
#include "base/attr.h"
#include "cpu/aarch64/flush.h"

/* Without unaligned accesses the compiler splits the copies below into bytes. */
#ifndef __ARM_FEATURE_UNALIGNED
#error "compile without -mstrict-align: 8-byte words are stored atomically only if unaligned accesses are allowed"
#endif

typedef uint64_t __attribute__((vector_size(16), may_alias, aligned(1))) neon;

#define vec             neon
#define vec_load(s)     (*(const vec *)(s))
#define vec_store(d, v) (*(vec *)(d) = (v))

static ALWAYS_INLINE vec vec_fill(char c)
{
	uint64_t word = (unsigned char)c * 0x0101010101010101u;

	return (vec){word, word};
}

#include "cpu/vectors.h"
#include "cpu/copy.h"

COPY(neon, cvac)
COPY(neon, cvap)
COPY(neon, cvadp)
COPY(neon, any_cvac)
COPY(neon, any_cvap)
COPY(neon, any_cvadp)
COPY_BYTE(neon)
