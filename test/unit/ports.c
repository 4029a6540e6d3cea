/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.c - W5: what is made of what other CPUs say, seen from any
 *
 * The numbers are those of the architectures' manuals and of the kernel's documentation, once more
 * and not from the source under test. The instructions themselves need such a CPU.
 */
#include "cpu/aarch64/features.h"
#include "cpu/aarch64/flush.h" /* for ARCH_FENCE: what is inline there is never called here */
#include "cpu/ppc64/features.h"
#include "cpu/riscv64/features.h"
#include "tap.h"

static void aarch64(void)
{
	is_str(ARCH_FENCE, "dsb sy",
		"W5: AArch64 waits with a DSB, for all accesses and the whole system");
	is_int(a64_line_size(0x84448004), 64, "W5: AArch64: DminLine 4 is 16 words: 64 bytes");
	is_int(a64_line_size(0x80030000), 32, "W5: AArch64: DminLine 3 is 32 bytes");
	is_int(a64_line_size(0xfff5ffff), 128,
		"W5: AArch64: DminLine 5 is 128, whatever else is set");
	is_int(a64_line_size(0x000f0000), 131072, "W5: AArch64: DminLine 15");
	is_int(a64_features(0, 0), 0, "AArch64: neither DC CVAP nor DC CVADP");
	is_int(a64_features(1ul << 16, 0), A64_DCPOP, "AArch64: bit 16 of HWCAP: DC CVAP");
	is_int(a64_features(0, 1), A64_DCPODP, "AArch64: bit 0 of HWCAP2: DC CVADP");
	is_int(a64_features(~(1ul << 16), ~1ul), 0, "AArch64: all other bits are for others");
}

static void is_cbo(
	struct rv_hwprobe extensions, struct rv_hwprobe block, size_t want, const char *what)
{
	size_t size = 4711;
	uint32_t features = rv_features(&extensions, &block, &size);

	is_int(features, want ? RV_ZICBOM : 0, "W5: RISC-V: %s: %s", what,
		want ? "lines can be flushed" : "they cannot");
	is_int(size, want ? want : 4711, "W5: RISC-V: %s: %s", what,
		want ? "of that size" : "the size is left alone");
}

static void riscv64(void)
{
	const struct rv_hwprobe unknown = {.key = -1};
	const struct rv_hwprobe has = {4, UINT64_C(1) << 55}, all = {4, UINT64_MAX};

	is_cbo(has, (struct rv_hwprobe){12, 64}, 64, "Zicbom, blocks of 64 bytes");
	is_cbo(all, (struct rv_hwprobe){12, 128}, 128, "everything, blocks of 128 bytes");
	is_cbo((struct rv_hwprobe){4, ~(UINT64_C(1) << 55)}, (struct rv_hwprobe){12, 64}, 0,
		"everything but Zicbom");
	is_cbo(unknown, (struct rv_hwprobe){12, 64}, 0, "a kernel that does not tell");
	is_cbo(has, unknown, 0, "a kernel that does not tell the size");
	is_cbo(has, (struct rv_hwprobe){12, 0}, 0, "no size");
	is_cbo(has, (struct rv_hwprobe){12, 96}, 0, "a size that is no power of two");
}

static void ppc64(void)
{
	is_int(ppc_features(0, 128), 0, "POWER: neither level of the architecture");
	is_int(ppc_features(0x80000000, 128), PPC_ARCH_2_07, "POWER8");
	is_int(ppc_features(0x80040000, 128), PPC_ARCH_2_07 | PPC_ARCH_3_1, "POWER10");
	is_int(ppc_features(0x80040000, 0), 0, "POWER: no block size: no flush");
	is_int(ppc_features(0x80040000, 100), 0, "POWER: nor with one that is no power of two");
}

int main(void)
{
	aarch64();
	riscv64();
	ppc64();
	return tap_done();
}
