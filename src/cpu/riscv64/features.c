/* SPDX-License-Identifier: BSD-3-Clause */
/* features.c - RISC-V: what the kernel says; programs cannot ask the CPU itself */
#include "cpu/riscv64/features.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "cpu/arch.h"

const char *const arch_feature_names[] = {"zicbom", NULL};

void arch_detect(struct cpu *found)
{
	struct rv_hwprobe pairs[] = {{.key = RV_KEY_IMA_EXT_0}, {.key = RV_KEY_ZICBOM_BLOCK_SIZE}};

	found->features = 0;
	/* No set of CPUs: all of them. Before Linux 6.4 there is no such call. */
	if (syscall(RV_SYS_HWPROBE, pairs, 2, 0, NULL, 0) == 0)
		found->features = rv_features(&pairs[0], &pairs[1], &found->line_size);
}

uint32_t arch_allowed(uint32_t features)
{
	return features;
}
