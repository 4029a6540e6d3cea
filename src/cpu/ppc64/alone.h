/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alone.h - POWER: ask the kernel for CPU features, and flush with the best instruction that the
 * CPU has
 */
#ifndef CPU_PPC64_ALONE_H
#define CPU_PPC64_ALONE_H

#include <errno.h>
#include <sys/auxv.h>

#include "cpu/ppc64/features.h"
#include "cpu/ppc64/flush.h"

static inline uint32_t arch_ask(size_t *line_size)
{
	int saved = errno; /* keep errno: getauxval(3) sets it if the kernel lacks an entry */
	unsigned long block_size = getauxval(AT_DCACHEBSIZE);
	uint32_t features = ppc_features(getauxval(AT_HWCAP2), block_size);

	errno = saved;
	if (features)
		*line_size = block_size;
	return features;
}

static inline void arch_flush(const void *addr, size_t len)
{
	if (cpu.features & PPC_ARCH_3_1)
		flush_any_dcbstps(addr, len);
	else if (cpu.features & PPC_ARCH_2_07)
		flush_any_dcbf(addr, len);
}

static inline const char *arch_flush_name(void)
{
	return cpu.features & PPC_ARCH_3_1    ? "dcbstps"
	       : cpu.features & PPC_ARCH_2_07 ? "dcbf"
					      : NULL;
}

#endif
