/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - AArch64: what the kernel and CTR_EL0 say */
#include "cpu/aarch64/features.h"

#include <sys/auxv.h>

#include "cpu/arch.h"

const char *const arch_feature_names[] = {"dcpop", "dcpodp", NULL};

/*
 * Linux lets programs read it (SCTLR_EL1.UCT), or, where the CPUs of one machine differ, traps the
 * read and answers with what is safe on all of them.
 */
static uint64_t read_ctr(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return ctr;
}

void arch_detect(struct cpu *found)
{
	found->features = a64_features(getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
	found->line_size = a64_line_size(read_ctr());
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
