/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features.h - AArch64: the bits of a feature mask, in the order of arch_feature_names, and their
 * derivation from the kernel's bits
 *
 * The A64_HWCAP numbers are the kernel's (asm/hwcap.h, Documentation/arch/arm64/elf_hwcaps.rst).
 * They are repeated here because the C library's header may be older than the CPU.
 */
#ifndef CPU_AARCH64_FEATURES_H
#define CPU_AARCH64_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#define A64_DCPOP  (1u << 0) /* DC CVAP: FEAT_DPB, Armv8.2 */
#define A64_DCPODP (1u << 1) /* DC CVADP: FEAT_DPB2, Armv8.5 */

#define A64_HWCAP_DCPOP   (1ul << 16)
#define A64_HWCAP2_DCPODP (1ul << 0)

static inline uint32_t a64_features(unsigned long hwcap, unsigned long hwcap2)
{
	return (hwcap & A64_HWCAP_DCPOP ? A64_DCPOP : 0) |
	       (hwcap2 & A64_HWCAP2_DCPODP ? A64_DCPODP : 0);
}

/* CTR_EL0.DminLine, bits 19:16: the smallest line of any data cache, as a power of two of words. */
static inline size_t a64_line_size(uint64_t ctr)
{
	size_t word = 4;

	return word << (ctr >> 16 & 0xf);
}

#endif
