/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - RISC-V: cleaning a cache block, and the fence
 *
 * RISC-V Instruction Set Manual, volume I, "CMO" Extensions for Base Cache Management Operation
 * ISA; more in doc/cpu-riscv64.md.
 *
 *	cbo.clean	writes a block back, so that agents which see no caches see it; it may
 *			stay in the cache
 *
 * It is written as the number that it is: an assembler knows its name only when told that all of
 * Zicbom may be used. The "memory" clobber keeps the compiler from moving stores across; the CPU
 * keeps the clean behind earlier stores to its own block, as it would a store.
 */
#ifndef CPU_RISCV64_FLUSH_H
#define CPU_RISCV64_FLUSH_H

#define USUAL_LINE 64

#include "cpu/lines.h"

/*
 * Orders earlier stores and cleans before anything later. For a FENCE a clean of main memory is a
 * W ("Memory Ordering", "Preserved Program Order" of the chapter), so `w` on the left would do;
 * reads are there because what follows a drain may be a read that must see nothing older.
 */
#define ARCH_FENCE "fence rw,rw"
static inline void arch_drain(void)
{
	__asm__ volatile(ARCH_FENCE ::: "memory");
}

/* MISC-MEM, funct3 CBO, operation 1, the address in rs1 */
static inline void cboclean_line(const void *line)
{
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, 1" ::"r"(line) : "memory");
}

FLUSH_NOTHING
FLUSH_LINES(cboclean)

#endif
