/* SPDX-License-Identifier: BSD-3-Clause */
/* features.h - x86-64: the bits of a feature mask, in the order of arch_feature_names */
#ifndef CPU_X86_64_FEATURES_H
#define CPU_X86_64_FEATURES_H

#define X86_CLFLUSH    (1u << 0)
#define X86_CLFLUSHOPT (1u << 1)
#define X86_CLWB       (1u << 2)
#define X86_SSE2       (1u << 3)
#define X86_AVX        (1u << 4)
#define X86_AVX512F    (1u << 5)
#define X86_MOVDIR64B  (1u << 6)

#define X86_VECTORS (X86_SSE2 | X86_AVX | X86_AVX512F | X86_MOVDIR64B)

#endif
