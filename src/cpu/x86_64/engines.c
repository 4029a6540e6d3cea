/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/x86_64/features.h"
#include "cpu/x86_64/flush.h"

#define DECLARE(copy)                                                                              \
	COPY_DECLARE(copy, clflush)                                                                \
	COPY_DECLARE(copy, clflushopt)                                                             \
	COPY_DECLARE(copy, clwb)                                                                   \
	COPY_DECLARE(copy, byte)

DECLARE(words)
DECLARE(sse2)
DECLARE(avx)
DECLARE(avx512f)
DECLARE(movdir64b)

const char *arch_fence_name(void)
{
	return ARCH_FENCE;
}

/* First the best flush, then the widest copy. CLFLUSHOPT and CLWB are independent of each other. */
const struct cpu_engine arch_engines[] = {
	ENGINE(clwb, movdir64b, X86_CLWB | X86_SSE2 | X86_MOVDIR64B),
	ENGINE(clwb, avx512f, X86_CLWB | X86_AVX512F),
	ENGINE(clwb, avx, X86_CLWB | X86_AVX),
	ENGINE(clwb, sse2, X86_CLWB | X86_SSE2),
	ENGINE(clwb, words, X86_CLWB),
	ENGINE(clflushopt, movdir64b, X86_CLFLUSHOPT | X86_SSE2 | X86_MOVDIR64B),
	ENGINE(clflushopt, avx512f, X86_CLFLUSHOPT | X86_AVX512F),
	ENGINE(clflushopt, avx, X86_CLFLUSHOPT | X86_AVX),
	ENGINE(clflushopt, sse2, X86_CLFLUSHOPT | X86_SSE2),
	ENGINE(clflushopt, words, X86_CLFLUSHOPT),
	ENGINE(clflush, movdir64b, X86_CLFLUSH | X86_SSE2 | X86_MOVDIR64B),
	ENGINE(clflush, avx512f, X86_CLFLUSH | X86_AVX512F),
	ENGINE(clflush, avx, X86_CLFLUSH | X86_AVX),
	ENGINE(clflush, sse2, X86_CLFLUSH | X86_SSE2),
	ENGINE(clflush, words, X86_CLFLUSH),
	ENGINE_WITHOUT_FLUSH(words, 0),
	{.name = NULL},
};
