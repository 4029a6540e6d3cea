/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - POWER: the flush instructions and the fences
 *
 * Power ISA, book II, "Cache Management Instructions" and "Memory Barrier Instructions"; more in
 * doc/cpu-ppc64.md.
 *
 *	dcbstps		writes a block back to persistent storage (version 3.1); it may stay cached
 *	dcbf		writes a block back to main storage and drops it from the caches
 *
 * dcbstps and phwsync are written as numbers, dcbstps with the address in a fixed register: an
 * assembler accepts their names only if all instructions of POWER10 may be used.
 *
 * The "memory" clobber keeps the compiler from moving stores across; the CPU itself performs stores
 * to a block before a later flush of it.
 */
#ifndef CPU_PPC64_FLUSH_H
#define CPU_PPC64_FLUSH_H

#define USUAL_LINE 128

#include "cpu/lines.h"
#include "cpu/ppc64/features.h"

#define FENCE_HWSYNC  "sync"
#define FENCE_PHWSYNC "phwsync"

/*
 * Wait for earlier stores and flushes before anything later. phwsync does this for persistent
 * storage, too. Older CPUs execute phwsync as hwsync, so the kernel always uses it; but an emulator
 * that is strict about reserved bits refuses it, so older CPUs get hwsync here.
 */
static inline void arch_drain(void)
{
	if (cpu.features & PPC_ARCH_3_1)
		__asm__ volatile(".long 0x7c8004ac" ::: "memory"); /* sync 4,0: phwsync */
	else
		__asm__ volatile(FENCE_HWSYNC ::: "memory");
}

static inline void dcbf_line(const void *line)
{
	__asm__ volatile("dcbf 0,%0" ::"r"(line) : "memory");
}

static inline void dcbstps_line(const void *line)
{
	register const void *r9 __asm__("r9") = line;

	__asm__ volatile(".long 0x7cc048ac" ::"r"(r9) : "memory"); /* dcbf 0,r9,6: dcbstps */
}

FLUSH_NOTHING
FLUSH_LINES(dcbf)
FLUSH_LINES(dcbstps)

#endif
