/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - AArch64: cleaning a cache line, and the barrier
 *
 * Arm Architecture Reference Manual for A-profile (DDI 0487), chapter "The AArch64 System Level
 * Memory Model", "Cache support", and the pages of the instructions; more in doc/cpu-aarch64.md.
 *
 *	dc cvadp	to the Point of Deep Persistence: kept even without backup power
 *	dc cvap		to the Point of Persistence; where a system names none, as dc cvac
 *	dc cvac		to the Point of Coherency: all there was before Armv8.2
 *
 * Each leaves the line in the cache, and each is taken as the one below it where the system lacks
 * what it is for. They are written as the SYS instructions that they are: an assembler knows their
 * names only when told that every instruction of Armv8.2 may be used.
 *
 * A clean is ordered behind earlier stores of this thread to the same line ("Ordering and
 * completion of data and instruction cache instructions"); the "memory" clobber keeps the compiler
 * from undoing that.
 */
#ifndef CPU_AARCH64_FLUSH_H
#define CPU_AARCH64_FLUSH_H

#define USUAL_LINE 64

#include "cpu/lines.h"

/*
 * Orders, and waits for, every earlier store and clean of this thread before anything later. No
 * less will do: a clean is complete only after a DSB, a DMB orders but does not wait; and the DSB
 * must be for loads and stores both, so not ISHST or ST, because a clean is neither. The whole
 * system rather than the inner shareable domain, since memory may lie beyond it: as the kernel does
 * after its own cleans of persistent memory.
 */
#define ARCH_FENCE "dsb sy"
static inline void arch_drain(void)
{
	__asm__ volatile(ARCH_FENCE ::: "memory");
}

static inline void cvac_line(const void *line)
{
	__asm__ volatile("dc cvac, %0" ::"r"(line) : "memory");
}

static inline void cvap_line(const void *line)
{
	__asm__ volatile("sys #3, c7, c12, #1, %0" ::"r"(line) : "memory");
}

static inline void cvadp_line(const void *line)
{
	__asm__ volatile("sys #3, c7, c13, #1, %0" ::"r"(line) : "memory");
}

FLUSH_NOTHING
FLUSH_LINES(cvac)
FLUSH_LINES(cvap)
FLUSH_LINES(cvadp)

#endif
