/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * avx512f.c - copy and fill on x86-64 with 64-byte registers (AVX-512F), of which each streaming
 * store fills a cache line
 */
#include <immintrin.h>

#include "base/attr.h"
#include "cpu/x86_64/flush.h"

#define vec                       __m512i
#define vec_load(s)               _mm512_loadu_si512((const vec *)(s))
#define vec_store(d, v)           _mm512_storeu_si512((vec *)(d), (v))
#define vec_stream(d, v)          _mm512_stream_si512((vec *)(d), (v))
#define vec_fill(c)               _mm512_set1_epi8(c)
#define BLOCK_STREAM_IS_ONE_STORE 1
#define STREAM_GROUP              32

static ALWAYS_INLINE void block_stream(char *d, const char *s)
{
	vec_stream(d, vec_load(s));
}

#include "cpu/vectors.h"
#include "cpu/copy.h"

COPY(avx512f, clflush)
COPY(avx512f, clflushopt)
COPY(avx512f, clwb)
COPY_BYTE(avx512f)
