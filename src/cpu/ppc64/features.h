/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features.h - POWER: the bits of a feature mask, in the order of arch_feature_names, and their
 * derivation from the kernel's bits
 *
 * The PPC_HWCAP2 numbers are the kernel's (asm/cputable.h,
 * Documentation/arch/powerpc/elf_hwcaps.rst). They are repeated here because the C library's header
 * may be older than the CPU.
 */
#ifndef CPU_PPC64_FEATURES_H
#define CPU_PPC64_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#define PPC_ARCH_2_07 (1u << 0) /* POWER8 and later */
#define PPC_ARCH_3_1  (1u << 1) /* POWER10 and later */

#define PPC_HWCAP2_ARCH_2_07 0x80000000ul
#define PPC_HWCAP2_ARCH_3_1  0x00040000ul

/*
 * Returns no features if the size of a cache block (AT_DCACHEBSIZE) is missing or is not a power of
 * two: then it is unknown how many bytes one flush covers.
 */
static inline uint32_t ppc_features(unsigned long hwcap2, unsigned long block_size)
{
	if (!block_size || block_size & (block_size - 1))
		return 0;
	return (hwcap2 & PPC_HWCAP2_ARCH_2_07 ? PPC_ARCH_2_07 : 0) |
	       (hwcap2 & PPC_HWCAP2_ARCH_3_1 ? PPC_ARCH_3_1 : 0);
}

#endif
