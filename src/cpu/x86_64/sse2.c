/* SPDX-License-Identifier: BSD-3-Clause */
/* sse2.c - copy and fill on x86-64 with 16-byte registers, which every such CPU has */
#include <immintrin.h>

#include "base/attr.h"
#include "cpu/x86_64/flush.h"

#define vec                       __m128i
#define vec_load(s)               _mm_loadu_si128((const vec *)(s))
#define vec_store(d, v)           _mm_storeu_si128((vec *)(d), (v))
#define vec_stream(d, v)          _mm_stream_si128((vec *)(d), (v))
#define vec_fill(c)               _mm_set1_epi8(c)
#define BLOCK_STREAM_IS_ONE_STORE 0

#include "cpu/vectors.h"
#include "cpu/copy.h"

COPY(sse2, clflush)
COPY(sse2, clflushopt)
COPY(sse2, clwb)
COPY_BYTE(sse2)
