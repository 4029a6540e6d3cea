/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features.h - x86-64: the bits of a feature mask, in the order of arch_feature_names, and their
 * derivation from CPUID and XGETBV
 */
#ifndef CPU_X86_64_FEATURES_H
#define CPU_X86_64_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/cpu.h"

#define X86_CLFLUSH    (1u << 0)
#define X86_CLFLUSHOPT (1u << 1)
#define X86_CLWB       (1u << 2)
#define X86_SSE2       (1u << 3)
#define X86_AVX        (1u << 4)
#define X86_AVX512F    (1u << 5)
#define X86_MOVDIR64B  (1u << 6)

#define X86_VECTORS (X86_SSE2 | X86_AVX | X86_AVX512F | X86_MOVDIR64B)

#define LEAF1_EDX_CLFSH      (1u << 19)
#define LEAF7_EBX_CLFLUSHOPT (1u << 23)
#define LEAF7_EBX_CLWB       (1u << 24)

/* The results of the instructions CPUID and XGETBV that the library uses. */
struct x86_id {
	uint32_t leaf1_ebx, leaf1_ecx, leaf1_edx;
	uint32_t leaf7_ebx, leaf7_ecx;
	uint32_t xcr0; /* sets of registers that the system saves; 0 if unknown */
	bool is_intel;
	uint32_t leaf1_eax;
};

static inline uint32_t x86_flushes(const struct x86_id *id)
{
	return (id->leaf1_edx & LEAF1_EDX_CLFSH ? X86_CLFLUSH : 0) |
	       (id->leaf7_ebx & LEAF7_EBX_CLFLUSHOPT ? X86_CLFLUSHOPT : 0) |
	       (id->leaf7_ebx & LEAF7_EBX_CLWB ? X86_CLWB : 0);
}

/*
 * The model number if the CPU is of Intel's family 6, otherwise 0. SDM volume 2, CPUID, defines the
 * bits of leaf1_eax: 19:16 and 7:4 the model, 11:8 the family.
 */
static inline unsigned x86_intel_model(const struct x86_id *id)
{
	bool is_family_6 = (id->leaf1_eax >> 8 & 0xf) == 6;

	if (!id->is_intel || !is_family_6)
		return 0;
	return (id->leaf1_eax >> 12 & 0xf0) | (id->leaf1_eax >> 4 & 0xf);
}

/*
 * Tell if CLWB drops the line from the cache. Skylake-SP, Cascade Lake and Cooper Lake, which have
 * one model number in CPUID, have a CLWB that drops the line as CLFLUSHOPT does, and takes longer.
 * On Cascade Lake CLWB takes 28 ns a line, CLFLUSHOPT 17, if 8 bytes are stored to each line; in a
 * long copy 20 ns and 10; and after either, reading the line again takes 250 cycles
 * (bench/engines).
 */
static inline bool x86_clwb_drops(const struct x86_id *id)
{
	return x86_intel_model(id) == 0x55;
}

/*
 * Returns the line size from CPUID leaf 1, EBX bits 15:8, which are in units of 8 bytes. If a
 * hypervisor hides the size, these bits are 0: then returns `otherwise`.
 */
static inline size_t x86_line_size(const struct x86_id *id, size_t otherwise)
{
	size_t eighths = id->leaf1_ebx >> 8 & 0xff;

	return eighths ? eighths * 8 : otherwise;
}

/* Sets features, line_size and tuning of `found` from the results of CPUID, `id`. */
void x86_judge(struct cpu *found, const struct x86_id *id);

#endif
