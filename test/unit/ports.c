/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.c - test on any CPU how features of AArch64, RISC-V and POWER CPUs are detected
 *
 * The numbers here are taken from the architectures' manuals and the kernel's documentation,
 * independently of the tested source. The flush instructions themselves are not tested here.
 */
#include "cpu/aarch64/features.h"
#include "cpu/aarch64/flush.h" /* included only for the macro ARCH_FENCE */
#include "cpu/ppc64/features.h"
#include "cpu/riscv64/features.h"
#include "tap.h"

static void aarch64(void)
{
	is_str(ARCH_FENCE, "dsb sy",
		"AArch64: the fence is DSB SY, for all accesses and the whole system");
	is_int(a64_line_size(0x84448004), 64,
		"AArch64: DminLine 4 in CTR_EL0 means cache lines of 64 bytes");
	is_int(a64_line_size(0x80030000), 32,
		"AArch64: DminLine 3 in CTR_EL0 means cache lines of 32 bytes");
	is_int(a64_line_size(0xfff5ffff), 128,
		"AArch64: DminLine 5 in CTR_EL0 means cache lines of 128 bytes, whatever the other bits are");
	is_int(a64_line_size(0x000f0000), 131072,
		"AArch64: DminLine 15 in CTR_EL0 means cache lines of 131072 bytes");
	is_int(a64_features(0, 0), 0,
		"AArch64: HWCAP and HWCAP2 of 0 give neither DC CVAP nor DC CVADP");
	is_int(a64_features(1ul << 16, 0), A64_DCPOP, "AArch64: bit 16 of HWCAP means DC CVAP");
	is_int(a64_features(0, 1), A64_DCPODP, "AArch64: bit 0 of HWCAP2 means DC CVADP");
	is_int(a64_features(~(1ul << 16), ~1ul), 0,
		"AArch64: no other bit of HWCAP or HWCAP2 means DC CVAP or DC CVADP");
}

/* Names of the bits of HWCAP and HWCAP2 in /proc/cpuinfo, lowest bit first. */
static const char a64_names[] =
	" fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb paca pacg ";
static const char a64_names2[] =
	" dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm svef64mm svebf16 i8mm bf16 dgh rng ";

/*
 * Converts the words of a line of /proc/cpuinfo to HWCAP. The index of a word in `names` is its
 * bit.
 */
static unsigned long bits_of(const char *words, const char *names)
{
	unsigned long bits = 0, bit = 1;
	char name[32];
	int length;

	for (; sscanf(names, " %29s%n", name + 1, &length) == 1; names += length, bit <<= 1) {
		name[0] = ' ';
		strcat(name, " ");
		if (strstr(words, name))
			bits |= bit;
	}
	return bits;
}

static void a64_machines(void)
{
	static const struct {
		const char *what, *words;
		uint64_t ctr;
		uint32_t features;
		size_t line;
	} machines[] = {
		{"Raspberry Pi 4 (Cortex-A72)", " fp asimd evtstrm crc32 cpuid ", 0x8444c004, 0,
			64},
		{"AWS Graviton2 (Neoverse N1)",
			" fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ",
			0x9444c004, A64_DCPOP, 64},
		{"Fujitsu A64FX",
			" fp asimd evtstrm sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm fcma dcpop sve ",
			0x86668006, A64_DCPOP, 256},
		{"AWS Graviton3 (Neoverse V1)",
			" fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid"
			" asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm"
			" dit uscat ilrcpc flagm ssbs paca pacg dcpodp svei8mm svebf16 i8mm bf16"
			" dgh rng ",
			0xb444c004, A64_DCPOP | A64_DCPODP, 64},
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		const char *words = machines[i].words;

		is_int(a64_features(bits_of(words, a64_names), bits_of(words, a64_names2)),
			machines[i].features,
			"%s: the CPU's instructions that clean cache lines are detected",
			machines[i].what);
		is_int(a64_line_size(machines[i].ctr), machines[i].line,
			"%s: the CPU's cache lines have %zu bytes", machines[i].what,
			machines[i].line);
	}
}

static void is_cbo(
	struct rv_hwprobe extensions, struct rv_hwprobe block, size_t want, const char *what)
{
	size_t size = 4711;
	uint32_t features = rv_features(&extensions, &block, &size);

	is_int(features, want ? RV_ZICBOM : 0, "RISC-V: %s: %s", what,
		want ? "Zicbom is detected" : "Zicbom is not used");
	is_int(size, want ? want : 4711, "RISC-V: %s: %s", what,
		want ? "the line size is that of a block" : "the line size is left alone");
}

static void riscv64(void)
{
	const struct rv_hwprobe unknown = {.key = -1};
	const struct rv_hwprobe has = {4, UINT64_C(1) << 55}, all = {4, UINT64_MAX};

	is_cbo(has, (struct rv_hwprobe){12, 64}, 64, "Zicbom, blocks of 64 bytes");
	is_cbo(all, (struct rv_hwprobe){12, 128}, 128, "all extensions, blocks of 128 bytes");
	is_cbo((struct rv_hwprobe){4, ~(UINT64_C(1) << 55)}, (struct rv_hwprobe){12, 64}, 0,
		"all extensions but Zicbom");
	is_cbo(unknown, (struct rv_hwprobe){12, 64}, 0, "a kernel that does not report extensions");
	is_cbo(has, unknown, 0, "Zicbom, and a kernel that does not report the block size");
	is_cbo(has, (struct rv_hwprobe){12, 0}, 0, "Zicbom, and a block size of 0");
	is_cbo(has, (struct rv_hwprobe){12, 96}, 0,
		"Zicbom, and a block size that is not a power of two");
	is_cbo((struct rv_hwprobe){4, 0x1b}, unknown, 0, "VisionFive 2 (SiFive U74)");
	is_cbo((struct rv_hwprobe){4, 0x3}, unknown, 0, "Milk-V Pioneer (T-Head C920)");
	is_cbo((struct rv_hwprobe){4, 0x7f | UINT64_C(1) << 55}, (struct rv_hwprobe){12, 64}, 64,
		"Banana Pi F3 (SpacemiT K1), Linux 6.15");
}

/*
 * HWCAP2 of real machines. The comments list the names of the bits, as LD_SHOW_AUXV=1 prints them.
 */
static void ppc_machines(void)
{
	static const struct {
		const char *what;
		unsigned long hwcap2;
		uint32_t features;
	} machines[] = {
		{"POWER7 (a 750)", 0, 0},
		/* bits: arch_2_07 htm dscr ebb isel tar vcrypto htm-nosc */
		{"POWER8 (an S822LC)", 0xff000000, PPC_ARCH_2_07},
		/* bits: arch_2_07 dscr ebb isel tar vcrypto arch_3_00 ieee128 darn scv */
		{"POWER9 (a Talos II)", 0xbef00000, PPC_ARCH_2_07},
		/*
		 * bits: arch_2_07 dscr ebb isel tar vcrypto arch_3_00 ieee128 darn scv arch_3_1
		 * mma
		 */
		{"POWER10 (an S1022)", 0xbef60000, PPC_ARCH_2_07 | PPC_ARCH_3_1},
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		is_int(ppc_features(machines[i].hwcap2, 128), machines[i].features,
			"%s: ISA 2.07 and ISA 3.1 are detected if the CPU has them",
			machines[i].what);
}

static void ppc64(void)
{
	is_int(ppc_features(0, 128), 0,
		"ppc_features: HWCAP2 of 0 means neither ISA 2.07 nor ISA 3.1");
	is_int(ppc_features(0x80000000, 128), PPC_ARCH_2_07,
		"ppc_features: the bit of POWER8 means ISA 2.07");
	is_int(ppc_features(0x80040000, 128), PPC_ARCH_2_07 | PPC_ARCH_3_1,
		"ppc_features: the bits of POWER10 mean ISA 2.07 and ISA 3.1");
	is_int(ppc_features(0x80040000, 0), 0,
		"ppc_features: a cache block size of 0 disables flushing");
	is_int(ppc_features(0x80040000, 100), 0,
		"ppc_features: a cache block size that is not a power of two disables flushing");
}

int main(void)
{
	aarch64();
	a64_machines();
	riscv64();
	ppc64();
	ppc_machines();
	return tap_done();
}
