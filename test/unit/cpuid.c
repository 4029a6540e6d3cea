/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpuid.c - features, engine and tuning that follow from the bits of CPUID and XCR0, for made-up
 * CPUs
 *
 * The numbers of the bits are copied from Intel's manual, not from the source under test.
 */
#include "cpu/x86_64/alone.h"
#include "cpu/x86_64/features.h"
#include "cpu/arch.h"
#include "tap.h"
#include "unit/features.h"

#define CLFSH      (1u << 19) /* leaf 1, EDX */
#define SSE2       (1u << 26)
#define OSXSAVE    (1u << 27) /* leaf 1, ECX */
#define AVX        (1u << 28)
#define AVX512F    (1u << 16) /* leaf 7, EBX */
#define CLFLUSHOPT (1u << 23)
#define CLWB       (1u << 24)
#define MOVDIR64B  (1u << 28) /* leaf 7, ECX */

#define EVERYTHING                                                                                 \
	.leaf1_ebx = 8 << 8, .leaf1_ecx = OSXSAVE | AVX, .leaf1_edx = CLFSH | SSE2,                \
	.leaf7_ebx = AVX512F | CLFLUSHOPT | CLWB, .leaf7_ecx = MOVDIR64B

static const char *judged(struct x86_id id)
{
	struct cpu found = {.features = UINT32_MAX};

	x86_judge(&found, &id);
	return feature_names(found.features);
}

static void registers(void)
{
	static const struct {
		uint32_t xcr0;
		const char *wide, *what;
	} rows[] = {
		{0xe7, " avx avx512f", "all registers are saved"},
		{0x2e7, " avx avx512f", "all registers are saved, and state that we do not use"},
		{0x07, " avx", "the registers of AVX-512 are not saved"},
		{0x67, " avx", "registers 16 to 31 of AVX-512 are not saved"},
		{0xa7, " avx", "the upper halves of AVX-512's registers are not saved"},
		{0xc7, " avx", "the mask registers of AVX-512 are not saved"},
		{0xe3, "", "the registers of AVX, which AVX-512 builds on, are not saved"},
		{0x03, "", "only the registers of SSE and x87 are saved"},
		{0x04, "", "the upper halves of AVX's registers are saved, but not those of SSE"},
		{0x01, "", "only the registers of the x87 are saved"},
		{0, "", "no registers are saved, or XCR0 cannot be read"},
	};
	char want[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), " clflush clflushopt clwb sse2%s movdir64b",
			rows[i].wide);
		is_str(judged((struct x86_id){EVERYTHING, .xcr0 = rows[i].xcr0}), want,
			"XCR0 %#x (%s): exactly the features that the operating system enables are usable",
			rows[i].xcr0, rows[i].what);
	}
}

static void bits(void)
{
	const uint32_t saved = 0xe7;

	is_str(judged((struct x86_id){.xcr0 = saved}), "",
		"cpuid: no feature is found if no bit is set");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_edx = CLFSH}), " clflush",
		"cpuid: the bit CLFSH gives only the feature clflush");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_edx = SSE2}), " sse2",
		"cpuid: the bit SSE2 gives only the feature sse2");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_ecx = AVX}), " avx",
		"cpuid: the bit AVX gives only the feature avx");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = AVX512F}), " avx512f",
		"cpuid: the bit AVX512F gives only the feature avx512f");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = CLFLUSHOPT}), " clflushopt",
		"cpuid: the bit CLFLUSHOPT gives only the feature clflushopt");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = CLWB}), " clwb",
		"cpuid: the bit CLWB gives only the feature clwb");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ecx = MOVDIR64B}), " movdir64b",
		"cpuid: the bit MOVDIR64B gives only the feature movdir64b");
}

/*
 * CPUID and XCR0 of real machines, and the engine and the row of the tuning table that each of them
 * should get.
 */
static const struct {
	const char *what;
	struct x86_id id;
	const char *engine; /* engine that is chosen if nobody asks for MOVDIR64B */
	bool has_movdir64b;
	const char *tuning;
} machines[] = {
	{"Core 2 Duo E8400", {0x00020800, 0x0408e3fd, 0xbfebfbff, 0, 0, 0, true, 0x1067a},
		"clflush-sse2", false, "intel"},
	{"Xeon E5-2680 v3 (Haswell)",
		{0x00100800, 0x7ffefbff, 0xbfebfbff, 0x000037ab, 0, 0x7, true, 0x306f2},
		"clflush-avx", false, "intel"},
	{"Core i7-6700 (Skylake)",
		{0x00100800, 0x7ffafbbf, 0xbfebfbff, 0x029c6fbf, 0, 0x1f, true, 0x506e3},
		"clflushopt-avx", false, "intel"},
	{"Xeon Gold 6130 (Skylake)",
		{0x00200800, 0x7ffefbff, 0xbfebfbff, 0xd39ffffb, 0x8, 0x2ff, true, 0x50654},
		"clflushopt-avx512f", false, "skylake-sp"},
	{"Xeon Gold 6130 whose hypervisor saves no registers of AVX-512",
		{0x00200800, 0x7ffefbff, 0xbfebfbff, 0xd39ffffb, 0x8, 0x7, true, 0x50654},
		"clflushopt-avx", false, "skylake-sp"},
	{"Core i7-1165G7 (Tiger Lake)",
		{0x00100800, 0x7ffafbbf, 0xbfebfbff, 0xf3bfa7eb, 0x18c05fce, 0x2e7, true, 0x806c1},
		"clwb-avx512f", true, "intel"},
	{"Xeon Platinum 8480+ (Sapphire Rapids)",
		{0x00800800, 0x7ffefbff, 0xbfebfbff, 0xf3bfbfff, 0x1b415f7e, 0x602e7, true,
			0x806f8},
		"clwb-avx512f", true, "sapphire-rapids"},
	{"family 6, model 207 (Emerald Rapids), virtual",
		{0x01000800, 0xfffa3203, 0x1f8bfbff, 0xf1bf2ffb, 0x1a415f46, 0xe7, true, 0xc06f2},
		"clwb-avx512f", true, "sapphire-rapids"},
	{"EPYC 7601 (Zen)",
		{0x00400800, 0x7ed8320b, 0x178bfbff, 0x209c01a9, 0, 0x7, false, 0x800f12},
		"clflushopt-avx", false, "plain"},
	{"EPYC 7742 (Zen 2)",
		{0x00800800, 0x7ed8320b, 0x178bfbff, 0x219c91a9, 0x4, 0x207, false, 0x830f10},
		"clwb-avx", false, "plain"},
	{"EPYC 9654 (Zen 4)",
		{0x00c00800, 0x7efa320b, 0x178bfbff, 0xf1bf97a9, 0x00405fce, 0x2e7, false,
			0xa10f11},
		"clwb-avx512f", false, "plain"},
	{"QEMU's qemu64", {0x00000800, 0x80002001, 0x078bfbfd, 0, 0, 0, false, 0x60fb1},
		"clflush-sse2", false, "plain"},
};

static void real_machines(void)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct cpu found = {.line_size = 4711};
		uint32_t movdir64b = feature_bit("movdir64b");

		x86_judge(&found, &machines[i].id);
		found.features = cpu_tuning_leaves(&found.tuning, found.features);
		is_str(cpu_engine_for(found.features & ~movdir64b, found.line_size)->name,
			machines[i].engine,
			"%s: the expected engine (implementation of flushes and copies) is chosen",
			machines[i].what);
		is_str(found.tuning.name, machines[i].tuning,
			"%s: the expected row of the tuning table is chosen", machines[i].what);
		is_int(!!(found.features & movdir64b), machines[i].has_movdir64b,
			"%s: MOVDIR64B is found exactly if the CPU has this feature",
			machines[i].what);
		is_int(found.line_size, 64, "%s: a cache line has 64 bytes", machines[i].what);
	}
}

/* CPUs on which CLFLUSHOPT is used instead of CLWB, by family and model. */
static void flushes(void)
{
	static const struct {
		uint32_t signature;
		bool is_intel, shuns;
		const char *what;
	} rows[] = {
		{0x50654, true, true, "Skylake-SP"},
		{0x50657, true, true, "Cascade Lake"},
		{0x5065b, true, true, "Cooper Lake"},
		{0x50657, false, false, "Cascade Lake's family and model on another maker's CPU"},
		{0x606a6, true, false, "Ice Lake-SP"},
		{0x806f8, true, false, "Sapphire Rapids"},
		{0x40655, true, false, "another model of Intel's"},
		{0x50757, true, false, "another family of Intel's"},
		{0, true, false, "an Intel CPU without family and model"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cpu found = {.features = 0};
		struct x86_id id = {EVERYTHING, .leaf1_eax = rows[i].signature};

		id.is_intel = rows[i].is_intel;
		x86_judge(&found, &id);
		is_str(feature_names(
			       found.features & ~cpu_tuning_leaves(&found.tuning, found.features)),
			rows[i].shuns ? " clwb" : "",
			"%s: CLWB is avoided exactly on the models for which CLFLUSHOPT is preferred",
			rows[i].what);
		is_str(feature_names(cpu_tuning_leaves(&found.tuning, feature_bit("clwb"))),
			" clwb", "%s: CLWB is used if there is no CLFLUSHOPT", rows[i].what);
	}
}

static void lines(void)
{
	struct cpu found = {.line_size = 64};

	x86_judge(&found, &(struct x86_id){.leaf1_ebx = 0x04031001});
	is_int(found.line_size, 16 * 8,
		"line size: the number that CPUID reports is multiplied by 8 bytes");
	found.line_size = 64;
	x86_judge(&found, &(struct x86_id){.leaf1_ebx = 0xffff00ff});
	is_int(found.line_size, 64,
		"line size: the default is unchanged if the CPU reports no line size");
	ok(!found.tuning.fence_while_streaming,
		"tuning for an unknown CPU: copies that bypass the caches have no fences in between");
	x86_judge(&found, &(struct x86_id){.is_intel = true});
	ok(found.tuning.fence_while_streaming,
		"tuning for Intel's CPUs: copies that bypass the caches have fences in between");
}

/* Compares the results of arch_detect() with CPUID and XCR0, which this test reads itself. */
static void this_machine(void)
{
	struct cpu found = {.line_size = 4711}, read = found;
	struct x86_id id = x86_ask();

	arch_detect(&found);
	if (id.leaf1_ecx & OSXSAVE)
		__asm__("xgetbv" : "=a"(id.xcr0) : "c"(0) : "edx");
	x86_judge(&read, &id);
	is_int(found.features, read.features,
		"this machine: arch_detect() finds the features that CPUID reports");
	is_int(found.line_size, read.line_size,
		"this machine: the size of a cache line is the one that CPUID reports");
	is_str(found.tuning.name, read.tuning.name,
		"this machine: the row of the tuning table is the one for the vendor and model in CPUID");
}

int main(void)
{
	registers();
	bits();
	real_machines();
	flushes();
	lines();
	this_machine();
	return tap_done();
}
