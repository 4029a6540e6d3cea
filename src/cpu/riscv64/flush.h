/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - RISC-V: cleaning a cache block, and the fence
 *
 * RISC-V Instruction Set Manual, volume I, "CMO" Extensions for Base Cache Management Operation
 * ISA; more in doc/cpu-riscv64.md.
 *
 *	cbo.clean	writes a block back, so that devices that bypass the caches see it; it may
 *			stay in the cache
 *
 * cbo.clean is written as a number: an assembler accepts its name only if all instructions of
 * Zicbom may be used. The "memory" clobber keeps the compiler from moving stores across it; the CPU
 * keeps a clean behind earlier stores to the same block, as it does with a store.
 */
#ifndef CPU_RISCV64_FLUSH_H
#define CPU_RISCV64_FLUSH_H

#define USUAL_LINE 64

#include "cpu/lines.h"

/*
 * Orders earlier stores and cleans before anything later. A FENCE treats a clean of main memory as
 * a write, `w` ("Memory Ordering", "Preserved Program Order" in that chapter), so `w` on the left
 * would be enough for durability; `r` is there because a read may follow the drain that must not
 * see older data.
 */
#define ARCH_FENCE "fence rw,rw"
static inline void arch_drain(void)
{
	__asm__ volatile(ARCH_FENCE ::: "memory");
}

/* cbo.clean: opcode MISC-MEM, funct3 CBO, operation 1, the address in rs1 */
static inline void cboclean_line(const void *line)
{
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, 1" ::"r"(line) : "memory");
}

FLUSH_NOTHING
FLUSH_LINES(cboclean)

#endif
