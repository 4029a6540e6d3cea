/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - LoongArch: a fence; user mode has no flush instruction
 *
 * LoongArch Reference Manual, volume 1: the only cache instruction, CACOP, is privileged: only the
 * kernel, at PLV0, may use it. More in doc/cpu-loongarch64.md.
 */
#ifndef CPU_LOONGARCH64_FLUSH_H
#define CPU_LOONGARCH64_FLUSH_H

#include "cpu/lines.h"

/*
 * Every earlier load and store completes before the barrier, and every later one waits for it
 * ("Barrier Instructions"). "Complete" means seen by other CPUs, not written to memory.
 */
#define ARCH_FENCE "dbar 0"
static inline void arch_drain(void)
{
	__asm__ volatile(ARCH_FENCE ::: "memory");
}

FLUSH_NOTHING

#endif
