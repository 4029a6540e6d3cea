/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * features.c - x86-64: find out the CPU's features and line size with CPUID and XGETBV
 *
 * Leaf and bit numbers: Intel SDM volume 2, CPUID. Wide registers also need the operating system:
 * XCR0 tells which registers it saves on a context switch (volume 1, "Detection of AVX
 * Instructions"); a kernel or hypervisor can switch AVX off on a CPU that has it.
 */
#include "cpu/x86_64/features.h"

#include "base/env.h"
#include "cpu/arch.h"
#include "cpu/x86_64/alone.h"
#include "cpu/x86_64/tuning.h"

#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define LOADER_HAS_LEAVES
#endif

#define LEAF1_EDX_SSE2      (1u << 26)
#define LEAF1_ECX_OSXSAVE   (1u << 27)
#define LEAF1_ECX_AVX       (1u << 28)
#define LEAF7_EBX_AVX512F   (1u << 16)
#define LEAF7_ECX_MOVDIR64B (1u << 28)

#define XCR0_YMM 0x06u /* SSE and AVX state */
#define XCR0_ZMM 0xe6u /* SSE state, AVX state and the three parts of AVX-512 state */

const char *const arch_feature_names[] = {
	"clflush", "clflushopt", "clwb", "sse2", "avx", "avx512f", "movdir64b", NULL};

static uint32_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

/*
 * Get the CPUID leaves. The loader of glibc 2.33 and later has read leaves 1 and 7 already, and
 * offers copies of them. CPUID traps in a virtual machine, which takes 8 us under KVM (Intel,
 * family 6, model 207): as long as the rest of cpu_init(). The loader does not offer leaf 0.
 */
#ifdef LOADER_HAS_LEAVES
static struct x86_id ask(void)
{
	const unsigned *leaf1 = __x86_get_cpuid_feature_leaf(CPUID_INDEX_1)->cpuid_array;
	const unsigned *leaf7 = __x86_get_cpuid_feature_leaf(CPUID_INDEX_7)->cpuid_array;
	struct x86_id id = {
		.leaf1_eax = leaf1[cpuid_register_index_eax],
		.leaf1_ebx = leaf1[cpuid_register_index_ebx],
		.leaf1_ecx = leaf1[cpuid_register_index_ecx],
		.leaf1_edx = leaf1[cpuid_register_index_edx],
		.leaf7_ebx = leaf7[cpuid_register_index_ebx],
		.leaf7_ecx = leaf7[cpuid_register_index_ecx],
	};

	x86_ask_maker(&id);
	return id;
}
#else
static struct x86_id ask(void)
{
	return x86_ask();
}
#endif

static struct x86_id read_id(void)
{
	struct x86_id id = ask();

	if (id.leaf1_ecx & LEAF1_ECX_OSXSAVE)
		id.xcr0 = read_xcr0();
	return id;
}

void x86_judge(struct cpu *found, const struct x86_id *id)
{
	bool saves_ymm = (id->xcr0 & XCR0_YMM) == XCR0_YMM;
	bool saves_zmm = (id->xcr0 & XCR0_ZMM) == XCR0_ZMM;

	found->features = x86_flushes(id) | (id->leaf1_edx & LEAF1_EDX_SSE2 ? X86_SSE2 : 0) |
			  (id->leaf7_ecx & LEAF7_ECX_MOVDIR64B ? X86_MOVDIR64B : 0);
	if (id->leaf1_ecx & LEAF1_ECX_AVX && saves_ymm)
		found->features |= X86_AVX;
	if (id->leaf7_ebx & LEAF7_EBX_AVX512F && saves_zmm)
		found->features |= X86_AVX512F;
	found->line_size = x86_line_size(id, found->line_size);
	found->tuning = *x86_tuning(id);
}

void arch_detect(struct cpu *found)
{
	struct x86_id id = read_id();

	x86_judge(found, &id);
}

uint32_t arch_allowed(uint32_t features)
{
	if (env_is("PMEM_NO_CLFLUSHOPT", "1"))
		features &= ~X86_CLFLUSHOPT;
	if (env_is("PMEM_NO_CLWB", "1"))
		features &= ~X86_CLWB;
	if (env_is("PMEM_AVX", "0"))
		features &= ~X86_AVX;
	if (env_is("PMEM_AVX512F", "0"))
		features &= ~X86_AVX512F;
	/* MOVDIR64B counts as missing unless an environment variable switches it on. */
	if (!env_get("PMEM_MOVDIR64B") || env_is("PMEM_MOVDIR64B", "0"))
		features &= ~X86_MOVDIR64B;
	if (env_is("PMEM_NO_MOVNT", "1"))
		features &= ~X86_VECTORS;
	return features;
}
