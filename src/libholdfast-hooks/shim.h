/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shim.h - a header that makes `holdfast crash` see the flushes, fences and streaming stores of a
 * program
 *
 * `holdfast cc` includes this header before everything else. It turns intrinsics into calls of
 * libholdfast-hooks.
 */
#ifndef HOLDFAST_CRASH_SHIM_H
#define HOLDFAST_CRASH_SHIM_H

#include <immintrin.h>

#ifdef __cplusplus
extern "C" {
#endif
void holdfast_crash_flush(const void *address, int instruction);
void holdfast_crash_fence(void);
void holdfast_crash_stream(void *to, const void *from, unsigned long length);
#ifdef __cplusplus
}
#endif

#define HOLDFAST_CRASH_STREAM(to, type, value)                                                     \
	__extension__({                                                                            \
		type holdfast_value_ = (value);                                                    \
		holdfast_crash_stream((to), &holdfast_value_, sizeof(holdfast_value_));            \
	})

#define _mm_clflush(address)    holdfast_crash_flush((address), 0)
#define _mm_clflushopt(address) holdfast_crash_flush((address), 1)
#define _mm_clwb(address)       holdfast_crash_flush((address), 2)
#define _mm_sfence()            holdfast_crash_fence()
#define _mm_mfence()            holdfast_crash_fence()

#define _mm_stream_si32(to, value)     HOLDFAST_CRASH_STREAM(to, int, value)
#define _mm_stream_si64(to, value)     HOLDFAST_CRASH_STREAM(to, long long, value)
#define _mm_stream_si128(to, value)    HOLDFAST_CRASH_STREAM(to, __m128i, value)
#define _mm_stream_ps(to, value)       HOLDFAST_CRASH_STREAM(to, __m128, value)
#define _mm_stream_pd(to, value)       HOLDFAST_CRASH_STREAM(to, __m128d, value)
#define _mm256_stream_si256(to, value) HOLDFAST_CRASH_STREAM(to, __m256i, value)
#define _mm256_stream_ps(to, value)    HOLDFAST_CRASH_STREAM(to, __m256, value)
#define _mm256_stream_pd(to, value)    HOLDFAST_CRASH_STREAM(to, __m256d, value)
#define _mm512_stream_si512(to, value) HOLDFAST_CRASH_STREAM(to, __m512i, value)
#define _mm512_stream_ps(to, value)    HOLDFAST_CRASH_STREAM(to, __m512, value)
#define _mm512_stream_pd(to, value)    HOLDFAST_CRASH_STREAM(to, __m512d, value)

#endif
