/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/arch.h"
#include "cpu/engine.h"
#include "cpu/aarch64/features.h"
#include "cpu/aarch64/flush.h"

COPY_DECLARE(neon, cvac)
COPY_DECLARE(neon, cvap)
COPY_DECLARE(neon, cvadp)
COPY_DECLARE(neon, any_cvac)
COPY_DECLARE(neon, any_cvap)
COPY_DECLARE(neon, any_cvadp)
COPY_DECLARE(neon, byte)

const char *arch_fence_name(void)
{
	return ARCH_FENCE;
}

/*
 * A flush is not told what it is for, so the deepest clean comes first: where a system has no point
 * of deep persistence it is the same as the next, and costs the same.
 */
const struct cpu_engine arch_engines[] = {
	ENGINE_SPELT(cvadp, "dc cvadp", neon, A64_DCPODP),
	ENGINE_OF_ANY_LINES(cvadp, "dc cvadp", neon, A64_DCPODP),
	ENGINE_SPELT(cvap, "dc cvap", neon, A64_DCPOP),
	ENGINE_OF_ANY_LINES(cvap, "dc cvap", neon, A64_DCPOP),
	ENGINE_SPELT(cvac, "dc cvac", neon, 0),
	ENGINE_OF_ANY_LINES(cvac, "dc cvac", neon, 0),
	{.name = NULL},
};
