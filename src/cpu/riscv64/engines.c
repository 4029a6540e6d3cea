/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/riscv64/features.h"
#include "cpu/riscv64/flush.h"

COPY_DECLARE(words, cboclean)
COPY_DECLARE(words, any_cboclean)
COPY_DECLARE(words, byte)

const char *arch_fence_name(void)
{
	return ARCH_FENCE;
}

const struct cpu_engine arch_engines[] = {
	ENGINE_SPELT(cboclean, "cbo.clean", words, RV_ZICBOM),
	ENGINE_OF_ANY_LINES(cboclean, "cbo.clean", words, RV_ZICBOM),
	ENGINE_WITHOUT_FLUSH(words, 0),
	{.name = NULL},
};
