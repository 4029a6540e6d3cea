/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - POWER: what the kernel says */
#include "cpu/ppc64/features.h"

#include <sys/auxv.h>

#include "cpu/arch.h"

const char *const arch_feature_names[] = {"arch_2_07", "arch_3_1", NULL};

void arch_detect(struct cpu *found)
{
	unsigned long block_size = getauxval(AT_DCACHEBSIZE);

	found->features = ppc_features(getauxval(AT_HWCAP2), block_size);
	if (found->features)
		found->line_size = block_size;
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
