/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - AArch64: cleaning a cache line, and the barrier
 *
 * Arm Architecture Reference Manual for A-profile (DDI 0487), chapter "The AArch64 System Level
 * Memory Model", "Cache support", and the pages of the instructions; more in doc/cpu-aarch64.md.
 *
 *	dc cvadp	to the Point of Deep Persistence: kept even without backup power
 *	dc cvap		to the Point of Persistence; same as dc cvac if the system has no such point
 *	dc cvac		to the Point of Coherency: the only one of the three before Armv8.2
 *
 * Each of the three leaves the line in the cache. If the system lacks the point of one, this
 * instruction acts like the next one in the list. The first two are written as the SYS
 * instructions that they stand for: an assembler accepts their names only if all instructions of
 * Armv8.2 may be used.
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
 * Wait for every earlier store and clean of this thread before anything later. No weaker barrier is
 * enough: a clean is complete only after a DSB, since a DMB orders but does not wait; and the DSB
 * must cover both loads and stores, so not ISHST or ST, because a clean is neither. It covers the
 * whole system instead of the inner shareable domain, since memory may lie outside that domain. The
 * kernel uses the same barrier after its own cleans of persistent memory.
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
