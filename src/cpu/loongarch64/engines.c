/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/loongarch64/flush.h"

COPY_DECLARE(words, byte)

const char *arch_fence_name(void)
{
	return ARCH_FENCE;
}

const struct cpu_engine arch_engines[] = {
	ENGINE_WITHOUT_FLUSH(words, 0),
	{.name = NULL},
};
