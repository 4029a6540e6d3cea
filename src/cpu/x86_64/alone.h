/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alone.h - x86-64: ask the CPU for its features, and flush with the best instruction that it has
 */
#ifndef CPU_X86_64_ALONE_H
#define CPU_X86_64_ALONE_H

#include <cpuid.h>
#include <string.h>

#include "cpu/x86_64/features.h"
#include "cpu/x86_64/flush.h"

/* Read CPUID leaf 0: set is_intel from the vendor. Returns the number of the highest leaf. */
static inline unsigned x86_ask_maker(struct x86_id *id)
{
	unsigned highest, b, c, d;

	__cpuid(0, highest, b, c, d);
	id->is_intel =
		b == signature_INTEL_ebx && d == signature_INTEL_edx && c == signature_INTEL_ecx;
	return highest;
}

/*
 * Read the leaves of CPUID that the library uses; a leaf that this CPU lacks stays 0. In a virtual
 * machine each CPUID traps to the hypervisor: no leaf is read twice.
 */
static inline struct x86_id x86_ask(void)
{
	struct x86_id id;
	unsigned highest, a, b, c, d;

	memset(&id, 0, sizeof(id));
	highest = x86_ask_maker(&id);
	if (highest >= 1) {
		__cpuid(1, a, b, c, d);
		id.leaf1_eax = a;
		id.leaf1_ebx = b;
		id.leaf1_ecx = c;
		id.leaf1_edx = d;
	}
	if (highest >= 7) {
		__cpuid_count(7, 0, a, b, c, d);
		id.leaf7_ebx = b;
		id.leaf7_ecx = c;
	}
	return id;
}

static inline uint32_t arch_ask(size_t *line_size)
{
	struct x86_id id = x86_ask();

	uint32_t flushes = x86_flushes(&id);

	*line_size = x86_line_size(&id, *line_size);
	if (flushes & X86_CLFLUSHOPT && x86_clwb_drops(&id))
		flushes &= ~X86_CLWB;
	return flushes;
}

static inline void arch_flush(const void *addr, size_t len)
{
	if (cpu.features & X86_CLWB)
		flush_any_clwb(addr, len);
	else if (cpu.features & X86_CLFLUSHOPT)
		flush_any_clflushopt(addr, len);
	else if (cpu.features & X86_CLFLUSH)
		flush_any_clflush(addr, len);
}

static inline const char *arch_flush_name(void)
{
	return cpu.features & X86_CLWB         ? "clwb"
	       : cpu.features & X86_CLFLUSHOPT ? "clflushopt"
	       : cpu.features & X86_CLFLUSH    ? "clflush"
					       : NULL;
}

#endif
