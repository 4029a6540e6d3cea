/* SPDX-License-Identifier: BSD-3-Clause */
/* alone.h - RISC-V: ask the kernel for CPU features, and flush if the CPU can */
#ifndef CPU_RISCV64_ALONE_H
#define CPU_RISCV64_ALONE_H

#include "cpu/riscv64/features.h"
#include "cpu/riscv64/flush.h"

/*
 * Call riscv_hwprobe(2) for all CPUs, by an ecall instruction: the C library may be older than this
 * system call, and errno must not change. Returns 0, or a negative number; kernels before Linux
 * 6.4 always return such a number.
 */
static inline long rv_hwprobe_all(struct rv_hwprobe *pairs, long count)
{
	register long a0 __asm__("a0") = (long)pairs;
	register long a1 __asm__("a1") = count;
	register long a2 __asm__("a2") = 0; /* size of the set of CPUs in bytes; 0: all CPUs */
	register long a3 __asm__("a3") = 0; /* pointer to the set of CPUs: NULL */
	register long a4 __asm__("a4") = 0; /* flags */
	register long a7 __asm__("a7") = RV_SYS_HWPROBE;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7)
			 : "memory");
	return a0;
}

/* Ask the kernel for the CPU's features, because programs cannot ask the CPU itself. */
static inline uint32_t arch_ask(size_t *line_size)
{
	struct rv_hwprobe pairs[] = {{RV_KEY_IMA_EXT_0, 0}, {RV_KEY_ZICBOM_BLOCK_SIZE, 0}};

	if (rv_hwprobe_all(pairs, 2))
		return 0;
	return rv_features(&pairs[0], &pairs[1], line_size);
}

static inline void arch_flush(const void *addr, size_t len)
{
	if (cpu.features & RV_ZICBOM)
		flush_any_cboclean(addr, len);
}

static inline const char *arch_flush_name(void)
{
	return cpu.features & RV_ZICBOM ? "cbo.clean" : NULL;
}

#endif
