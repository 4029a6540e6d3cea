/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/generic/alone.h"

const char *const arch_feature_names[] = {NULL};

void arch_detect(struct cpu *found)
{
	found->features = arch_ask(&found->line_size);
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
