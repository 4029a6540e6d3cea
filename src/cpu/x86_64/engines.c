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
COPY_DECLARE(words, any_clflush)
COPY_DECLARE(words, any_clflushopt)
COPY_DECLARE(words, any_clwb)
DECLARE(sse2)
DECLARE(avx)
DECLARE(avx512f)
COPY_DECLARE(movdir64b, clwb)
COPY_DECLARE(movdir64b, byte)

const char *arch_fence_name(void)
{
	return ARCH_FENCE;
}

/*
 * The engines are sorted by flush instruction, the best first; then by the registers that copy, the
 * widest first. A CPU can have CLFLUSHOPT, CLWB, both or neither. This list says which CPUs need
 * each of these, or why it is used, with times of bench/engines and bench/grid on Cascade Lake:
 *
 *	clwb		CPUs that keep the line: Ice Lake and later, Tremont, Zen 2 and later
 *	clflushopt	Skylake, Goldmont, Zen; and where CLWB drops the line (features.c): 10 ns a
 *			line of a long copy, CLWB 20, CLFLUSH 97
 *	clflush		older CPUs; to store and persist 8 bytes takes 91 ns, with the others 99
 *	movdir64b	only if PMEM_MOVDIR64B asks for it; CPUs that have it have CLWB
 *	avx512f		a copy of 4 KiB around the caches 0.77 us; avx 1.24, as it needs drains
 *	avx		a copy of 4 KiB within the first-level cache 50 ns; sse2 98
 *	sse2		Nehalem, and Goldmont and Tremont, which have nothing wider
 *	words		only if PMEM_NO_MOVNT asks for it
 *	any_		cache lines of a size other than 64 bytes: no such CPU is known
 */
const struct cpu_engine arch_engines[] = {
	ENGINE(clwb, movdir64b, X86_CLWB | X86_SSE2 | X86_MOVDIR64B),
	ENGINE(clwb, avx512f, X86_CLWB | X86_AVX512F),
	ENGINE(clwb, avx, X86_CLWB | X86_AVX),
	ENGINE(clwb, sse2, X86_CLWB | X86_SSE2),
	ENGINE(clwb, words, X86_CLWB),
	ENGINE_OF_ANY_LINES(clwb, "clwb", words, X86_CLWB),
	ENGINE(clflushopt, avx512f, X86_CLFLUSHOPT | X86_AVX512F),
	ENGINE(clflushopt, avx, X86_CLFLUSHOPT | X86_AVX),
	ENGINE(clflushopt, sse2, X86_CLFLUSHOPT | X86_SSE2),
	ENGINE(clflushopt, words, X86_CLFLUSHOPT),
	ENGINE_OF_ANY_LINES(clflushopt, "clflushopt", words, X86_CLFLUSHOPT),
	ENGINE(clflush, avx512f, X86_CLFLUSH | X86_AVX512F),
	ENGINE(clflush, avx, X86_CLFLUSH | X86_AVX),
	ENGINE(clflush, sse2, X86_CLFLUSH | X86_SSE2),
	ENGINE(clflush, words, X86_CLFLUSH),
	ENGINE_OF_ANY_LINES(clflush, "clflush", words, X86_CLFLUSH),
	ENGINE_WITHOUT_FLUSH(words, 0),
	{.name = NULL},
};
