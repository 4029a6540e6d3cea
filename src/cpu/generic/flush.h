/* SPDX-License-Identifier: BSD-3-Clause */
/* flush.h - for an unknown CPU: a fence and no flush instruction */
#ifndef CPU_GENERIC_FLUSH_H
#define CPU_GENERIC_FLUSH_H

#include "cpu/lines.h"

/*
 * A fence: other CPUs see earlier stores before later ones. It does not guarantee that stores
 * reach memory.
 */
#define ARCH_FENCE "a full fence"
static inline void arch_drain(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

FLUSH_NOTHING

#endif
