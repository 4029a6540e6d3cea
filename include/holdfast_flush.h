/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * holdfast_flush.h - make stores to persistent memory durable with one header and no library
 *
 *	#include "holdfast_flush.h"
 *
 *	memcpy(pmem, data, len);
 *	holdfast_persist(pmem, len);		durable from here on
 *
 * Copy this header into your project: it is C99 and C++, for gcc and clang, and nothing has to be
 * linked.
 *
 * - After many stores, call holdfast_flush() for each and holdfast_drain() once.
 * - If A must be durable before B, drain A before you store B.
 * - After a power cut, an aligned store of up to 8 bytes is there wholly or not at all; a larger
 *   store may be there in part.
 * - Ask holdfast_can_flush() first. If it returns false, as on any CPU that is not listed here,
 *   these calls are only a fence and make nothing durable: use msync(2).
 *
 * The header uses the best flush instruction that CPU and kernel offer, with the cache line size
 * that they report, and the matching fence:
 *
 *	x86-64		CLWB, CLFLUSHOPT or CLFLUSH; SFENCE
 *	AArch64		DC CVADP, DC CVAP or DC CVAC; DSB SY
 *	RISC-V		CBO.CLEAN, with Zicbom and Linux 6.15; FENCE RW,RW
 *	POWER		DCBSTPS and PHWSYNC, or DCBF and HWSYNC (POWER8 and 9)
 *	LoongArch	no flush for programs; DBAR 0
 *
 * Limits: the header does not know what is mapped at an address. Use it on device DAX, or on a file
 * that is mapped with MAP_SYNC; stores to any other file need msync(2). It does not detect that CPU
 * caches survive a power cut, so that no flush is needed, nor that a device needs more than
 * flushes, as virtio-pmem does. It does not copy, store around the caches, or find bad blocks.
 * libpmem2 does all that.
 *
 * All calls are safe in threads and in signal handlers. scripts/vendor of Holdfast makes this
 * header from the sources of its libraries: change those instead. doc/cpu-*.md of Holdfast cite
 * the CPUs' manuals.
 */
#ifndef HOLDFAST_FLUSH_H
#define HOLDFAST_FLUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Casts between pointers and integers. In C++ they are reinterpret_cast, because projects may
 * forbid C-style casts.
 */
#ifdef __cplusplus
#define HFF_CAST(type, value) reinterpret_cast<type>(value)
#else
#define HFF_CAST(type, value) ((type)(value))
#endif

/*
 * The CPU features that were found. Each object file that includes this header has its own copy of
 * this variable.
 */
struct hff_cpu {
	uint32_t features;
	size_t line_size; /* size of a cache line in bytes; 0: look() has not run yet */
};

static struct hff_cpu hff_cpu;

#if defined(__x86_64__)
#include <cpuid.h>
#include <string.h>

#define HFF_X86_CLFLUSH    (1u << 0)
#define HFF_X86_CLFLUSHOPT (1u << 1)
#define HFF_X86_CLWB       (1u << 2)
#define HFF_X86_SSE2       (1u << 3)
#define HFF_X86_AVX        (1u << 4)
#define HFF_X86_AVX512F    (1u << 5)
#define HFF_X86_MOVDIR64B  (1u << 6)

#define HFF_LEAF1_EDX_CLFSH      (1u << 19)
#define HFF_LEAF7_EBX_CLFLUSHOPT (1u << 23)
#define HFF_LEAF7_EBX_CLWB       (1u << 24)

/* The results of the instructions CPUID and XGETBV that the library uses. */
struct hff_x86_id {
	uint32_t leaf1_ebx, leaf1_ecx, leaf1_edx;
	uint32_t leaf7_ebx, leaf7_ecx;
	uint32_t xcr0; /* sets of registers that the system saves; 0 if unknown */
	bool is_intel;
	uint32_t leaf1_eax;
};

static inline uint32_t hff_x86_flushes(const struct hff_x86_id *id)
{
	return (id->leaf1_edx & HFF_LEAF1_EDX_CLFSH ? HFF_X86_CLFLUSH : 0) |
	       (id->leaf7_ebx & HFF_LEAF7_EBX_CLFLUSHOPT ? HFF_X86_CLFLUSHOPT : 0) |
	       (id->leaf7_ebx & HFF_LEAF7_EBX_CLWB ? HFF_X86_CLWB : 0);
}

/*
 * The model number if the CPU is of Intel's family 6, otherwise 0. SDM volume 2, CPUID, defines the
 * bits of leaf1_eax: 19:16 and 7:4 the model, 11:8 the family.
 */
static inline unsigned hff_x86_intel_model(const struct hff_x86_id *id)
{
	bool is_family_6 = (id->leaf1_eax >> 8 & 0xf) == 6;

	if (!id->is_intel || !is_family_6)
		return 0;
	return (id->leaf1_eax >> 12 & 0xf0) | (id->leaf1_eax >> 4 & 0xf);
}

/*
 * Tell if CLWB drops the line from the cache. Skylake-SP, Cascade Lake and Cooper Lake, which have
 * one model number in CPUID, have a CLWB that drops the line as CLFLUSHOPT does, and takes longer.
 * On Cascade Lake CLWB takes 28 ns a line, CLFLUSHOPT 17, if 8 bytes are stored to each line; in a
 * long copy 20 ns and 10; and after either, reading the line again takes 250 cycles
 * (bench/engines).
 */
static inline bool hff_x86_clwb_drops(const struct hff_x86_id *id)
{
	return hff_x86_intel_model(id) == 0x55;
}

/*
 * Returns the line size from CPUID leaf 1, EBX bits 15:8, which are in units of 8 bytes. If a
 * hypervisor hides the size, these bits are 0: then returns `otherwise`.
 */
static inline size_t hff_x86_line_size(const struct hff_x86_id *id, size_t otherwise)
{
	size_t eighths = id->leaf1_ebx >> 8 & 0xff;

	return eighths ? eighths * 8 : otherwise;
}

/*
 * x86-64: the flush instructions and the fence
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

/*
 * SFENCE orders earlier clflushopt, clwb and streaming stores before later stores. It does not
 * complete before they are globally visible, which means accepted by the persistence domain. Plain
 * stores are ordered even without SFENCE, but SFENCE does not make them durable.
 */
#define HFF_ARCH_FENCE "sfence"
static inline void hff_arch_drain(void)
{
	__asm__ volatile(HFF_ARCH_FENCE ::: "memory");
}

static inline void hff_clflush_line(const void *line)
{
	__asm__ volatile("clflush %0" ::"m"(*HFF_CAST(const char *, line)) : "memory");
}

static inline void hff_clflushopt_line(const void *line)
{
	__asm__ volatile("clflushopt %0" ::"m"(*HFF_CAST(const char *, line)) : "memory");
}

static inline void hff_clwb_line(const void *line)
{
	__asm__ volatile("clwb %0" ::"m"(*HFF_CAST(const char *, line)) : "memory");
}

static inline void hff_flush_any_clflush(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_clflush_line(HFF_CAST(void *, line));
}

static inline void hff_flush_any_clflushopt(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_clflushopt_line(HFF_CAST(void *, line));
}

static inline void hff_flush_any_clwb(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_clwb_line(HFF_CAST(void *, line));
}

/* Read CPUID leaf 0: set is_intel from the vendor. Returns the number of the highest leaf. */
static inline unsigned hff_x86_ask_maker(struct hff_x86_id *id)
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
static inline struct hff_x86_id hff_x86_ask(void)
{
	struct hff_x86_id id;
	unsigned highest, a, b, c, d;

	memset(&id, 0, sizeof(id));
	highest = hff_x86_ask_maker(&id);
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

static inline uint32_t hff_arch_ask(size_t *line_size)
{
	struct hff_x86_id id = hff_x86_ask();

	uint32_t flushes = hff_x86_flushes(&id);

	*line_size = hff_x86_line_size(&id, *line_size);
	if (flushes & HFF_X86_CLFLUSHOPT && hff_x86_clwb_drops(&id))
		flushes &= ~HFF_X86_CLWB;
	return flushes;
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	if (hff_cpu.features & HFF_X86_CLWB)
		hff_flush_any_clwb(addr, len);
	else if (hff_cpu.features & HFF_X86_CLFLUSHOPT)
		hff_flush_any_clflushopt(addr, len);
	else if (hff_cpu.features & HFF_X86_CLFLUSH)
		hff_flush_any_clflush(addr, len);
}

static inline const char *hff_arch_flush_name(void)
{
	return hff_cpu.features & HFF_X86_CLWB         ? "clwb"
	       : hff_cpu.features & HFF_X86_CLFLUSHOPT ? "clflushopt"
	       : hff_cpu.features & HFF_X86_CLFLUSH    ? "clflush"
						       : NULL;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <errno.h>
#include <sys/auxv.h>

#define HFF_A64_DCPOP  (1u << 0) /* DC CVAP: FEAT_DPB, Armv8.2 */
#define HFF_A64_DCPODP (1u << 1) /* DC CVADP: FEAT_DPB2, Armv8.5 */

#define HFF_A64_HWCAP_DCPOP   (1ul << 16)
#define HFF_A64_HWCAP2_DCPODP (1ul << 0)

static inline uint32_t hff_a64_features(unsigned long hwcap, unsigned long hwcap2)
{
	return (hwcap & HFF_A64_HWCAP_DCPOP ? HFF_A64_DCPOP : 0) |
	       (hwcap2 & HFF_A64_HWCAP2_DCPODP ? HFF_A64_DCPODP : 0);
}

/* CTR_EL0.DminLine, bits 19:16: the smallest line of any data cache, as a power of two of words. */
static inline size_t hff_a64_line_size(uint64_t ctr)
{
	size_t word = 4;

	return word << (ctr >> 16 & 0xf);
}

/*
 * AArch64: cleaning a cache line, and the barrier
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

/*
 * Wait for every earlier store and clean of this thread before anything later. No weaker barrier is
 * enough: a clean is complete only after a DSB, since a DMB orders but does not wait; and the DSB
 * must cover both loads and stores, so not ISHST or ST, because a clean is neither. It covers the
 * whole system instead of the inner shareable domain, since memory may lie outside that domain. The
 * kernel uses the same barrier after its own cleans of persistent memory.
 */
#define HFF_ARCH_FENCE        "dsb sy"
static inline void hff_arch_drain(void)
{
	__asm__ volatile(HFF_ARCH_FENCE ::: "memory");
}

static inline void hff_cvac_line(const void *line)
{
	__asm__ volatile("dc cvac, %0" ::"r"(line) : "memory");
}

static inline void hff_cvap_line(const void *line)
{
	__asm__ volatile("sys #3, c7, c12, #1, %0" ::"r"(line) : "memory");
}

static inline void hff_cvadp_line(const void *line)
{
	__asm__ volatile("sys #3, c7, c13, #1, %0" ::"r"(line) : "memory");
}

static inline void hff_flush_any_cvac(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_cvac_line(HFF_CAST(void *, line));
}

static inline void hff_flush_any_cvap(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_cvap_line(HFF_CAST(void *, line));
}

static inline void hff_flush_any_cvadp(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_cvadp_line(HFF_CAST(void *, line));
}

/*
 * Read CTR_EL0. Linux lets programs read it (SCTLR_EL1.UCT), or, if the CPUs of one machine differ,
 * traps the read and answers with a value that is safe on all of them.
 */
static inline uint64_t hff_a64_read_ctr(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return ctr;
}

static inline uint32_t hff_arch_ask(size_t *line_size)
{
	int saved = errno; /* getauxval(3) sets errno for entries that the kernel lacks */
	uint32_t features = hff_a64_features(getauxval(AT_HWCAP), getauxval(AT_HWCAP2));

	errno = saved;
	*line_size = hff_a64_line_size(hff_a64_read_ctr());
	return features;
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	if (hff_cpu.features & HFF_A64_DCPODP)
		hff_flush_any_cvadp(addr, len);
	else if (hff_cpu.features & HFF_A64_DCPOP)
		hff_flush_any_cvap(addr, len);
	else
		hff_flush_any_cvac(addr, len);
}

static inline const char *hff_arch_flush_name(void)
{
	return hff_cpu.features & HFF_A64_DCPODP  ? "dc cvadp"
	       : hff_cpu.features & HFF_A64_DCPOP ? "dc cvap"
						  : "dc cvac";
}

#elif defined(__riscv) && __riscv_xlen == 64 && defined(__linux__)
#define HFF_RV_ZICBOM (1u << 0)

#define HFF_RV_SYS_HWPROBE           258
#define HFF_RV_KEY_IMA_EXT_0         4
#define HFF_RV_EXT_ZICBOM            (UINT64_C(1) << 55)
#define HFF_RV_KEY_ZICBOM_BLOCK_SIZE 12

struct hff_rv_hwprobe {
	int64_t key; /* which value is asked for; the kernel sets it to -1 if it does not know it */
	uint64_t value;
};

/*
 * Returns RV_ZICBOM if programs may use this extension and all CPUs have the same size of a cache
 * block, which is stored to *block_size. The kernel reports the extension only if it also lets
 * programs execute cbo.clean (senvcfg.CBCFE; Linux 6.15). If the sizes of the CPUs differ, it
 * reports a size of all ones.
 */
static inline uint32_t hff_rv_features(const struct hff_rv_hwprobe *extensions,
	const struct hff_rv_hwprobe *size, size_t *block_size)
{
	if (extensions->key != HFF_RV_KEY_IMA_EXT_0 || !(extensions->value & HFF_RV_EXT_ZICBOM))
		return 0;
	if (size->key != HFF_RV_KEY_ZICBOM_BLOCK_SIZE || !size->value ||
		size->value & (size->value - 1))
		return 0;
	*block_size = size->value;
	return HFF_RV_ZICBOM;
}

/*
 * RISC-V: cleaning a cache block, and the fence
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

/*
 * Orders earlier stores and cleans before anything later. A FENCE treats a clean of main memory as
 * a write, `w` ("Memory Ordering", "Preserved Program Order" in that chapter), so `w` on the left
 * would be enough for durability; `r` is there because a read may follow the drain that must not
 * see older data.
 */
#define HFF_ARCH_FENCE               "fence rw,rw"
static inline void hff_arch_drain(void)
{
	__asm__ volatile(HFF_ARCH_FENCE ::: "memory");
}

/* cbo.clean: opcode MISC-MEM, funct3 CBO, operation 1, the address in rs1 */
static inline void hff_cboclean_line(const void *line)
{
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, 1" ::"r"(line) : "memory");
}

static inline void hff_flush_any_cboclean(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_cboclean_line(HFF_CAST(void *, line));
}

/*
 * Call riscv_hwprobe(2) for all CPUs, by an ecall instruction: the C library may be older than this
 * system call, and errno must not change. Returns 0, or a negative number; kernels before Linux
 * 6.4 always return such a number.
 */
static inline long hff_rv_hwprobe_all(struct hff_rv_hwprobe *pairs, long count)
{
	register long a0 __asm__("a0") = HFF_CAST(long, pairs);
	register long a1 __asm__("a1") = count;
	register long a2 __asm__("a2") = 0; /* size of the set of CPUs in bytes; 0: all CPUs */
	register long a3 __asm__("a3") = 0; /* pointer to the set of CPUs: NULL */
	register long a4 __asm__("a4") = 0; /* flags */
	register long a7 __asm__("a7") = HFF_RV_SYS_HWPROBE;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7)
			 : "memory");
	return a0;
}

/* Ask the kernel for the CPU's features, because programs cannot ask the CPU itself. */
static inline uint32_t hff_arch_ask(size_t *line_size)
{
	struct hff_rv_hwprobe pairs[] = {
		{HFF_RV_KEY_IMA_EXT_0, 0}, {HFF_RV_KEY_ZICBOM_BLOCK_SIZE, 0}};

	if (hff_rv_hwprobe_all(pairs, 2))
		return 0;
	return hff_rv_features(&pairs[0], &pairs[1], line_size);
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	if (hff_cpu.features & HFF_RV_ZICBOM)
		hff_flush_any_cboclean(addr, len);
}

static inline const char *hff_arch_flush_name(void)
{
	return hff_cpu.features & HFF_RV_ZICBOM ? "cbo.clean" : NULL;
}

#elif defined(__powerpc64__) && defined(__linux__)
#include <errno.h>
#include <sys/auxv.h>

#define HFF_PPC_ARCH_2_07 (1u << 0) /* POWER8 and later */
#define HFF_PPC_ARCH_3_1  (1u << 1) /* POWER10 and later */

#define HFF_PPC_HWCAP2_ARCH_2_07 0x80000000ul
#define HFF_PPC_HWCAP2_ARCH_3_1  0x00040000ul

/*
 * Returns no features if the size of a cache block (AT_DCACHEBSIZE) is missing or is not a power of
 * two: then it is unknown how many bytes one flush covers.
 */
static inline uint32_t hff_ppc_features(unsigned long hwcap2, unsigned long block_size)
{
	if (!block_size || block_size & (block_size - 1))
		return 0;
	return (hwcap2 & HFF_PPC_HWCAP2_ARCH_2_07 ? HFF_PPC_ARCH_2_07 : 0) |
	       (hwcap2 & HFF_PPC_HWCAP2_ARCH_3_1 ? HFF_PPC_ARCH_3_1 : 0);
}

/*
 * POWER: the flush instructions and the fences
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

#define HFF_FENCE_HWSYNC  "sync"
#define HFF_FENCE_PHWSYNC "phwsync"

/*
 * Wait for earlier stores and flushes before anything later. phwsync does this for persistent
 * storage, too. Older CPUs execute phwsync as hwsync, so the kernel always uses it; but an emulator
 * that is strict about reserved bits refuses it, so older CPUs get hwsync here.
 */
static inline void hff_arch_drain(void)
{
	if (hff_cpu.features & HFF_PPC_ARCH_3_1)
		__asm__ volatile(".long 0x7c8004ac" ::: "memory"); /* sync 4,0: phwsync */
	else
		__asm__ volatile(HFF_FENCE_HWSYNC ::: "memory");
}

static inline void hff_dcbf_line(const void *line)
{
	__asm__ volatile("dcbf 0,%0" ::"r"(line) : "memory");
}

static inline void hff_dcbstps_line(const void *line)
{
	register const void *r9 __asm__("r9") = line;

	__asm__ volatile(".long 0x7cc048ac" ::"r"(r9) : "memory"); /* dcbf 0,r9,6: dcbstps */
}

static inline void hff_flush_any_dcbf(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_dcbf_line(HFF_CAST(void *, line));
}

static inline void hff_flush_any_dcbstps(const void *addr, size_t len)
{
	const size_t line_size = hff_cpu.line_size;
	uintptr_t line = HFF_CAST(uintptr_t, addr) & -line_size;
	uintptr_t end = HFF_CAST(uintptr_t, addr) + len;

	if (len)
		for (; line < end; line += line_size)
			hff_dcbstps_line(HFF_CAST(void *, line));
}

static inline uint32_t hff_arch_ask(size_t *line_size)
{
	int saved = errno; /* keep errno: getauxval(3) sets it if the kernel lacks an entry */
	unsigned long block_size = getauxval(AT_DCACHEBSIZE);
	uint32_t features = hff_ppc_features(getauxval(AT_HWCAP2), block_size);

	errno = saved;
	if (features)
		*line_size = block_size;
	return features;
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	if (hff_cpu.features & HFF_PPC_ARCH_3_1)
		hff_flush_any_dcbstps(addr, len);
	else if (hff_cpu.features & HFF_PPC_ARCH_2_07)
		hff_flush_any_dcbf(addr, len);
}

static inline const char *hff_arch_flush_name(void)
{
	return hff_cpu.features & HFF_PPC_ARCH_3_1    ? "dcbstps"
	       : hff_cpu.features & HFF_PPC_ARCH_2_07 ? "dcbf"
						      : NULL;
}

#elif defined(__loongarch64)
/*
 * LoongArch: a fence; user mode has no flush instruction
 *
 * LoongArch Reference Manual, volume 1: the only cache instruction, CACOP, is privileged: only the
 * kernel, at PLV0, may use it. More in doc/cpu-loongarch64.md.
 */

/*
 * Every earlier load and store completes before the barrier, and every later one waits for it
 * ("Barrier Instructions"). "Complete" means seen by other CPUs, not written to memory.
 */
#define HFF_ARCH_FENCE "dbar 0"
static inline void hff_arch_drain(void)
{
	__asm__ volatile(HFF_ARCH_FENCE ::: "memory");
}

static inline uint32_t hff_arch_ask(size_t *line_size)
{
	(void)line_size;
	return 0;
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline const char *hff_arch_flush_name(void)
{
	return NULL;
}

#else
/* for an unknown CPU: a fence and no flush instruction */

/*
 * A fence: other CPUs see earlier stores before later ones. It does not guarantee that stores
 * reach memory.
 */
#define HFF_ARCH_FENCE "a full fence"
static inline void hff_arch_drain(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline uint32_t hff_arch_ask(size_t *line_size)
{
	(void)line_size;
	return 0;
}

static inline void hff_arch_flush(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline const char *hff_arch_flush_name(void)
{
	return NULL;
}

#endif

/*
 * Find out the CPU's features. Runs before main(), while there is only one thread. A constructor
 * of the program may call these functions even earlier, so each of them checks if look() has run.
 * Two threads that run it at the same time store the same values.
 */
__attribute__((constructor, unused)) static void look(void)
{
	size_t line_size = 64;
	uint32_t features = hff_arch_ask(&line_size);

	__atomic_store_n(&hff_cpu.features, features, __ATOMIC_RELAXED);
	__atomic_store_n(&hff_cpu.line_size, line_size, __ATOMIC_RELEASE);
}

static inline void hff_look_once(void)
{
	if (!__atomic_load_n(&hff_cpu.line_size, __ATOMIC_ACQUIRE))
		look();
}

/*
 * Returns the size of a cache line, which one flush covers, in bytes. Data that must not share a
 * cache line has to be this far apart.
 */
static inline size_t holdfast_line_size(void)
{
	hff_look_once();
	return hff_cpu.line_size;
}

/*
 * Returns the flush instruction as the CPU's manual spells it, such as "clwb"; "none" if programs
 * cannot flush.
 */
static inline const char *holdfast_flush_instruction(void)
{
	hff_look_once();
	return hff_arch_flush_name() ? hff_arch_flush_name() : "none";
}

/* Tell if holdfast_flush() and the other calls can make stores durable on this CPU. */
static inline bool holdfast_can_flush(void)
{
	hff_look_once();
	return hff_arch_flush_name() != NULL;
}

/*
 * Flush every cache line that [addr, addr + len) touches, each once. Does not order stores: a later
 * store may reach memory before a flushed one does.
 */
static inline void holdfast_flush(const void *addr, size_t len)
{
	hff_look_once();
	hff_arch_flush(addr, len);
}

/* Wait until all earlier flushes of this thread, and its stores around the caches, are done. */
static inline void holdfast_drain(void)
{
	hff_look_once();
	hff_arch_drain();
}

/* Flush and drain: the contents of [addr, addr + len) are durable when this returns. */
static inline void holdfast_persist(const void *addr, size_t len)
{
	holdfast_flush(addr, len);
	hff_arch_drain();
}

#endif
