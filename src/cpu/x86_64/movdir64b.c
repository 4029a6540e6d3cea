/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * movdir64b.c - copy and fill on x86-64: around the caches with MOVDIR64B, through the caches with
 * 16-byte registers
 */
#include <immintrin.h>

#include "base/attr.h"
#include "cpu/x86_64/flush.h"

#define vec                       __m128i
#define vec_load(s)               _mm_loadu_si128((const vec *)(s))
#define vec_store(d, v)           _mm_storeu_si128((vec *)(d), (v))
#define vec_fill(c)               _mm_set1_epi8(c)
#define BLOCK_STREAM_IS_ONE_STORE 1

/* One 64-byte store, from memory to memory (SDM volume 2, MOVDIR64B). */
static ALWAYS_INLINE void block_stream(char *d, const char *s)
{
	__asm__ volatile("movdir64b %0, %1" ::"m"(*(const char(*)[64])s), "r"(d) : "memory");
}

#include "cpu/vectors.h"
#include "cpu/copy.h"

COPY(movdir64b, clwb)
COPY_BYTE(movdir64b)
