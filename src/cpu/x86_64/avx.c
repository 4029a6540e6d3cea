/* SPDX-License-Identifier: BSD-3-Clause */
/* avx.c - copy and fill on x86-64 with 32-byte registers (AVX) */
#include <immintrin.h>

#include "base/attr.h"
#include "cpu/x86_64/flush.h"

#define vec                       __m256i
#define vec_load(s)               _mm256_loadu_si256((const vec *)(s))
#define vec_store(d, v)           _mm256_storeu_si256((vec *)(d), (v))
#define vec_stream(d, v)          _mm256_stream_si256((vec *)(d), (v))
#define vec_fill(c)               _mm256_set1_epi8(c)
#define BLOCK_STREAM_IS_ONE_STORE 0

#include "cpu/vectors.h"
#include "cpu/copy.h"

COPY(avx, clflush)
COPY(avx, clflushopt)
COPY(avx, clwb)
COPY_BYTE(avx)
