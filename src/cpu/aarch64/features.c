/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - AArch64: get the CPU's features from the kernel, its line size from CTR_EL0 */
#include "cpu/arch.h"
#include "cpu/aarch64/alone.h"

const char *const arch_feature_names[] = {"dcpop", "dcpodp", NULL};

void arch_detect(struct cpu *found)
{
	found->features = arch_ask(&found->line_size);
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
