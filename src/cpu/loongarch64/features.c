/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - LoongArch: no CPU features to detect, because there is only one engine to choose */
#include "cpu/arch.h"
#include "cpu/loongarch64/alone.h"

const char *const arch_feature_names[] = {NULL};

void arch_detect(struct cpu *found)
{
	found->features = arch_ask(&found->line_size);
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
