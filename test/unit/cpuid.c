/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpuid.c - W4: what is made of the bits of CPUID and XCR0, on CPUs and systems that are made up
 *
 * The numbers are those of Intel's manual, once more and not from the source under test.
 */
#include "cpu/x86_64/features.h"
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
		{0xe7, " avx avx512f", "all are saved"},
		{0x2e7, " avx avx512f", "and others, which we do not use"},
		{0x07, " avx", "W4: those of AVX-512 are not saved"},
		{0x67, " avx", "W4: not all parts of AVX-512 are saved"},
		{0xa7, " avx", "W4: nor with another part missing"},
		{0xc7, " avx", "W4: nor with the third"},
		{0xe3, "", "W4: those of AVX are not saved, which AVX-512 builds on"},
		{0x03, "", "W4: only those of SSE are saved"},
		{0x04, "", "W4: those of AVX are saved in part"},
		{0x01, "", "W4: the x87's are saved"},
		{0, "", "W4: the system saves none, or cannot tell"},
	};
	char want[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(want, sizeof(want), " clflush clflushopt clwb sse2%s movdir64b",
			rows[i].wide);
		is_str(judged((struct x86_id){EVERYTHING, .xcr0 = rows[i].xcr0}), want,
			"XCR0 %#x: %s", rows[i].xcr0, rows[i].what);
	}
}

static void bits(void)
{
	const uint32_t saved = 0xe7;

	is_str(judged((struct x86_id){.xcr0 = saved}), "", "no bit: no feature");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_edx = CLFSH}), " clflush", "CLFSH");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_edx = SSE2}), " sse2", "SSE2");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf1_ecx = AVX}), " avx", "AVX");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = AVX512F}), " avx512f", "AVX512F");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = CLFLUSHOPT}), " clflushopt",
		"CLFLUSHOPT");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ebx = CLWB}), " clwb", "CLWB");
	is_str(judged((struct x86_id){.xcr0 = saved, .leaf7_ecx = MOVDIR64B}), " movdir64b",
		"MOVDIR64B");
}

static void lines(void)
{
	struct cpu found = {.line_size = 64};

	x86_judge(&found, &(struct x86_id){.leaf1_ebx = 0x04031001});
	is_int(found.line_size, 16 * 8, "a line is what the CPU says, in units of 8 bytes");
	found.line_size = 64;
	x86_judge(&found, &(struct x86_id){.leaf1_ebx = 0xffff00ff});
	is_int(found.line_size, 64, "or what it was, if nothing is said");
	ok(!found.fence_while_streaming, "streaming needs no fences");
	x86_judge(&found, &(struct x86_id){.is_intel = true});
	ok(found.fence_while_streaming, "but on Intel's it does");
}

int main(void)
{
	registers();
	bits();
	lines();
	return tap_done();
}
