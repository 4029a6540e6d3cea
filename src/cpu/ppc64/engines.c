/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/ppc64/flush.h"

COPY_DECLARE(words, dcbf)
COPY_DECLARE(words, dcbstps)
COPY_DECLARE(words, any_dcbf)
COPY_DECLARE(words, any_dcbstps)
COPY_DECLARE(words, byte)

const char *arch_fence_name(void)
{
	return cpu.features & PPC_ARCH_3_1 ? FENCE_PHWSYNC : FENCE_HWSYNC;
}

const struct cpu_engine arch_engines[] = {
	ENGINE(dcbstps, words, PPC_ARCH_3_1),
	ENGINE_OF_ANY_LINES(dcbstps, "dcbstps", words, PPC_ARCH_3_1),
	ENGINE(dcbf, words, PPC_ARCH_2_07),
	ENGINE_OF_ANY_LINES(dcbf, "dcbf", words, PPC_ARCH_2_07),
	ENGINE_WITHOUT_FLUSH(words, 0),
	{.name = NULL},
};
