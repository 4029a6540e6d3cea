/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flush.h - x86-64: the flush instructions and the fence
 *
 * Intel's Software Developer's Manual, volume 2, has a page on each (CLFLUSH, CLFLUSHOPT, CLWB,
 * SFENCE), and volume 1, "Cacheability Control Instructions", the background.
 *
 *	clflush		evicts; ordered among themselves and with stores: one after the other
 *	clflushopt	evicts; ordered only by a fence: several at once
 *	clwb		like clflushopt, but the line may stay in the cache
 *
 * The "memory" clobber keeps the compiler from moving stores across a flush; the CPU itself keeps a
 * flush behind earlier stores to the same line. The operands are not volatile, because gcc 13 and
 * later, where they unroll the loops, would compute the address of each line in a register.
 */
#ifndef CPU_X86_64_FLUSH_H
#define CPU_X86_64_FLUSH_H

#define USUAL_LINE 64

/* Prefetch the line of p for a store. CPUs without PREFETCHW execute it as a NOP. */
#define FETCH_TO_STORE(p) __asm__ volatile("prefetchw %0" ::"m"(*(const char *)(p)))

#include "cpu/lines.h"

/*
 * SFENCE orders earlier clflushopt, clwb and streaming stores before later stores. It does not
 * complete before they are globally visible, which means accepted by the persistence domain. Plain
 * stores are ordered even without SFENCE, but SFENCE does not make them durable.
 */
#define ARCH_FENCE "sfence"
static inline void arch_drain(void)
{
	__asm__ volatile(ARCH_FENCE ::: "memory");
}

static inline void clflush_line(const void *line)
{
	__asm__ volatile("clflush %0" ::"m"(*(const char *)line) : "memory");
}

static inline void clflushopt_line(const void *line)
{
	__asm__ volatile("clflushopt %0" ::"m"(*(const char *)line) : "memory");
}

static inline void clwb_line(const void *line)
{
	__asm__ volatile("clwb %0" ::"m"(*(const char *)line) : "memory");
}

FLUSH_NOTHING
FLUSH_LINES(clflush)
FLUSH_LINES(clflushopt)
FLUSH_LINES(clwb)

#endif
