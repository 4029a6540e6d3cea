/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alone.h - AArch64: ask the kernel for features, and flush with the best instruction, without
 * engines
 */
#ifndef CPU_AARCH64_ALONE_H
#define CPU_AARCH64_ALONE_H

#include <errno.h>
#include <sys/auxv.h>

#include "cpu/aarch64/features.h"
#include "cpu/aarch64/flush.h"

/*
 * Read CTR_EL0. Linux lets programs read it (SCTLR_EL1.UCT), or, if the CPUs of one machine differ,
 * traps the read and answers with a value that is safe on all of them.
 */
static inline uint64_t a64_read_ctr(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return ctr;
}

static inline uint32_t arch_ask(size_t *line_size)
{
	int saved = errno; /* getauxval(3) sets errno for entries that the kernel lacks */
	uint32_t features = a64_features(getauxval(AT_HWCAP), getauxval(AT_HWCAP2));

	errno = saved;
	*line_size = a64_line_size(a64_read_ctr());
	return features;
}

static inline void arch_flush(const void *addr, size_t len)
{
	if (cpu.features & A64_DCPODP)
		flush_any_cvadp(addr, len);
	else if (cpu.features & A64_DCPOP)
		flush_any_cvap(addr, len);
	else
		flush_any_cvac(addr, len);
}

static inline const char *arch_flush_name(void)
{
	return cpu.features & A64_DCPODP  ? "dc cvadp"
	       : cpu.features & A64_DCPOP ? "dc cvap"
					  : "dc cvac";
}

#endif
