/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - RISC-V: ask the kernel for the CPU's features and line size */
#include "cpu/arch.h"
#include "cpu/riscv64/alone.h"

const char *const arch_feature_names[] = {"zicbom", NULL};

void arch_detect(struct cpu *found)
{
	found->features = arch_ask(&found->line_size);
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
