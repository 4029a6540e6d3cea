/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features.h - RISC-V: the bits of a feature mask, in the order of arch_feature_names, and their
 * derivation from the kernel's answers
 *
 * RV_ZICBOM is a bit of the mask; all other numbers are the kernel's
 * (Documentation/arch/riscv/hwprobe.rst). They are repeated here because the installed header of
 * the kernel may be older than the running kernel.
 */
#ifndef CPU_RISCV64_FEATURES_H
#define CPU_RISCV64_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#define RV_ZICBOM (1u << 0)

#define RV_SYS_HWPROBE           258
#define RV_KEY_IMA_EXT_0         4
#define RV_EXT_ZICBOM            (UINT64_C(1) << 55)
#define RV_KEY_ZICBOM_BLOCK_SIZE 12

struct rv_hwprobe {
	int64_t key; /* which value is asked for; the kernel sets it to -1 if it does not know it */
	uint64_t value;
};

/*
 * Returns RV_ZICBOM if programs may use this extension and all CPUs have the same size of a cache
 * block, which is stored to *block_size. The kernel reports the extension only if it also lets
 * programs execute cbo.clean (senvcfg.CBCFE; Linux 6.15). If the sizes of the CPUs differ, it
 * reports a size of all ones.
 */
static inline uint32_t rv_features(
	const struct rv_hwprobe *extensions, const struct rv_hwprobe *size, size_t *block_size)
{
	if (extensions->key != RV_KEY_IMA_EXT_0 || !(extensions->value & RV_EXT_ZICBOM))
		return 0;
	if (size->key != RV_KEY_ZICBOM_BLOCK_SIZE || !size->value ||
		size->value & (size->value - 1))
		return 0;
	*block_size = size->value;
	return RV_ZICBOM;
}

#endif
