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
 * The engine with the deepest clean, which moves lines nearest to the storage, comes first, because
 * a flush does not know how deep its caller wants the clean. On a system without a Point of Deep
 * Persistence the deepest clean does the same as the next one, and costs the same.
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
