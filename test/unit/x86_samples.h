/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86_samples.h - check x86_decode.h and x86_memory.h against the assembler
 *
 * The assembler places the samples one after the other, and the decoder has to find each by the
 * length of the previous one. The samples are never executed. Instructions whose length the decoder
 * does not determine (STRANGERS) come last, each at a multiple of 16 bytes.
 */
#ifndef TEST_UNIT_X86_SAMPLES_H
#define TEST_UNIT_X86_SAMPLES_H

#include "tap.h"
#include "unit/x86_decode.h"
#include "unit/x86_memory.h"

/*
 * Each register holds its number times REGISTER_UNIT, so that a computed address shows which
 * registers were added.
 */
#define REGISTER_UNIT 0x100000

#define REG(number) ((uint64_t)(number)*REGISTER_UNIT)
#define SELF        UINT64_MAX /* stands for the address of the sample itself */

/* X(text for the assembler, kind, address, size stored) */
#define SAMPLES(X)                                                                                 \
	X("clflush (%rax)", INSN_CLFLUSH, REG(0), 0)                                               \
	X("clflush (%r8)", INSN_CLFLUSH, REG(8), 0)                                                \
	X("clflush 0x40(%rdi)", INSN_CLFLUSH, REG(7) + 0x40, 0)                                    \
	X("clflush -0x1000(%r15)", INSN_CLFLUSH, REG(15) - 0x1000, 0)                              \
	X("clflush samples_x86(%rip)", INSN_CLFLUSH, SELF, 0)                                      \
	X("clflushopt (%rcx)", INSN_CLFLUSHOPT, REG(1), 0)                                         \
	X("clflushopt (%rbp)", INSN_CLFLUSHOPT, REG(5), 0)                                         \
	X("clflushopt (%r13)", INSN_CLFLUSHOPT, REG(13), 0)                                        \
	X("clflushopt (%rsi,%r9,8)", INSN_CLFLUSHOPT, REG(6) + 8 * REG(9), 0)                      \
	X("clwb (%rsp)", INSN_CLWB, REG(4), 0)                                                     \
	X("clwb (%r12)", INSN_CLWB, REG(12), 0)                                                    \
	X("clwb -8(%r12,%r12,4)", INSN_CLWB, 5 * REG(12) - 8, 0)                                   \
	X("clwb 0x123456(%rbx,%rdx,2)", INSN_CLWB, REG(3) + 2 * REG(2) + 0x123456, 0)              \
	X("clwb 0x40(,%r10,2)", INSN_CLWB, 2 * REG(10) + 0x40, 0)                                  \
	X("clwb 0x7000", INSN_CLWB, 0x7000, 0)                                                     \
	X("sfence", INSN_FENCE, 0, 0)                                                              \
	X("mfence", INSN_FENCE, 0, 0)                                                              \
	X("movnti %eax, 4(%rdx)", INSN_STREAM, REG(2) + 4, 4)                                      \
	X("movnti %r11, (%rdx)", INSN_STREAM, REG(2), 8)                                           \
	X("movntq %mm0, (%rdx)", INSN_STREAM, REG(2), 8)                                           \
	X("movntps %xmm1, (%r14)", INSN_STREAM, REG(14), 16)                                       \
	X("movntpd %xmm9, 16(%r14)", INSN_STREAM, REG(14) + 16, 16)                                \
	X("movntdq %xmm15, (%rax,%rcx)", INSN_STREAM, REG(0) + REG(1), 16)                         \
	X("vmovntdq %xmm3, 32(%rdi)", INSN_STREAM, REG(7) + 32, 16)                                \
	X("vmovntdq %ymm3, 32(%rdi)", INSN_STREAM, REG(7) + 32, 32)                                \
	X("vmovntdq %ymm12, (%r9,%r10,4)", INSN_STREAM, REG(9) + 4 * REG(10), 32)                  \
	X("vmovntps %ymm0, -32(%r8)", INSN_STREAM, REG(8) - 32, 32)                                \
	X("vmovntpd %ymm0, 0x100(%rsi)", INSN_STREAM, REG(6) + 0x100, 32)                          \
	X("vmovntdq %zmm0, (%rdi)", INSN_STREAM, REG(7), 64)                                       \
	X("vmovntdq %zmm31, 0x40(%r9)", INSN_STREAM, REG(9) + 0x40, 64)                            \
	X("vmovntdq %zmm7, -0x2000(%r9,%r8)", INSN_STREAM, REG(9) + REG(8) - 0x2000, 64)           \
	X("vmovntdq %zmm7, 0x41(%r9)", INSN_STREAM, REG(9) + 0x41, 64)                             \
	X("vmovntdq %ymm17, 0x40(%rax)", INSN_STREAM, REG(0) + 0x40, 32)                           \
	X("vmovntps %zmm16, 0x1fc0(%rax)", INSN_STREAM, REG(0) + 0x1fc0, 64)                       \
	X("vmovntdq %zmm16, samples_x86(%rip)", INSN_STREAM, SELF, 64)                             \
	X("movdir64b (%rsi), %rdi", INSN_MOVDIR64B, REG(7), 64)                                    \
	X("movdir64b 0x40(%r9,%r8,2), %r15", INSN_MOVDIR64B, REG(15), 64)                          \
	X("movdir64b -8(%rsp), %rax", INSN_MOVDIR64B, REG(0), 64)

/*
 * Instructions that must be decoded as INSN_OTHER, although they differ from one of the SAMPLES
 * only in a prefix or in a field of the opcode.
 */
#define STRANGERS(X)                                                                               \
	X("nop")                                                                                   \
	X("movq %rax, (%rdi)")                                                                     \
	X("movdqu %xmm0, (%rdi)")                                                                  \
	X("vmovdqu %ymm0, (%rdi)")                                                                 \
	X("vmovdqu64 %zmm0, (%rdi)")                                                               \
	X("movntdqa (%rdi), %xmm0")                                                                \
	X("lfence")                                                                                \
	X("xsave (%rdi)")                                                                          \
	X("xsaveopt (%rdi)")                                                                       \
	X("ldmxcsr (%rdi)")                                                                        \
	X("rdfsbase %rax")                                                                         \
	X("tpause %eax")                                                                           \
	X("cvtdq2pd %xmm0, %xmm1")                                                                 \
	X("crc32b %al, %eax")                                                                      \
	X("movbe (%rdi), %eax")                                                                    \
	X("ret")

/* X(text for the assembler, expected result of insn_memory()) */
#define ACCESSES(X)                                                                                \
	X("nop", 0)                                                                                \
	X("endbr64", 0)                                                                            \
	X("nopw 0x0(%rax,%rax,1)", 0)                                                              \
	X("lea 0x40(%rdi), %rax", 0)                                                               \
	X("mov %rax, %rbx", 0)                                                                     \
	X("mov (%rsi), %rax", MEMORY_LOAD)                                                         \
	X("mov %r9, 8(%r12)", MEMORY_STORE)                                                        \
	X("movb $1, (%rdi)", MEMORY_STORE)                                                         \
	X("movl $1, %edi", 0)                                                                      \
	X("movzbl (%rsi), %eax", MEMORY_LOAD)                                                      \
	X("movzbl %sil, %eax", 0)                                                                  \
	X("add (%rsi), %rax", MEMORY_LOAD)                                                         \
	X("add %rax, (%rsi)", MEMORY_BOTH)                                                         \
	X("add $0x40, %rax", 0)                                                                    \
	X("addq $1, (%rax)", MEMORY_BOTH)                                                          \
	X("cmp %rax, (%rsi)", MEMORY_LOAD)                                                         \
	X("cmpq $1, 0x20(%rdx)", MEMORY_LOAD)                                                      \
	X("testb $1, (%rax)", MEMORY_LOAD)                                                         \
	X("notq (%rax)", MEMORY_BOTH)                                                              \
	X("incl (%rax)", MEMORY_BOTH)                                                              \
	X("shll $2, (%rax)", MEMORY_BOTH)                                                          \
	X("imul $3, (%rax), %rbx", MEMORY_LOAD)                                                    \
	X("push %rbx", MEMORY_STORE)                                                               \
	X("pop %r13", MEMORY_LOAD)                                                                 \
	X("pushq (%rax)", MEMORY_BOTH)                                                             \
	X("call *%rax", MEMORY_STORE)                                                              \
	X("call *(%rax)", MEMORY_BOTH)                                                             \
	X("jmp *%rax", 0)                                                                          \
	X("jmp *0x18(%rax)", MEMORY_LOAD)                                                          \
	X("ret", MEMORY_LOAD)                                                                      \
	X("leave", MEMORY_LOAD)                                                                    \
	X("cmovb (%rax), %rbx", MEMORY_LOAD)                                                       \
	X("cmovb %rax, %rbx", 0)                                                                   \
	X("sete (%rax)", MEMORY_STORE)                                                             \
	X("sete %al", 0)                                                                           \
	X("xchg %rax, (%rbx)", MEMORY_BOTH)                                                        \
	X("lock xaddl %eax, (%rbx)", MEMORY_BOTH)                                                  \
	X("rep movsb", MEMORY_BOTH)                                                                \
	X("rep stosq", MEMORY_STORE)                                                               \
	X("prefetchw (%rax)", MEMORY_FETCH)                                                        \
	X("prefetcht0 0x40(%r8)", MEMORY_FETCH)                                                    \
	X("clwb (%rax)", 0)                                                                        \
	X("clflush (%rax)", 0)                                                                     \
	X("sfence", 0)                                                                             \
	X("movups (%rsi), %xmm1", MEMORY_LOAD)                                                     \
	X("movups %xmm1, (%rdi)", MEMORY_STORE)                                                    \
	X("movups %xmm1, %xmm2", 0)                                                                \
	X("movd (%rax), %xmm0", MEMORY_LOAD)                                                       \
	X("movq (%rax), %xmm0", MEMORY_LOAD)                                                       \
	X("movq %xmm0, (%rax)", MEMORY_STORE)                                                      \
	X("movnti %rax, (%rdi)", MEMORY_STORE)                                                     \
	X("movntdq %xmm0, (%rdi)", MEMORY_STORE)                                                   \
	X("pextrq $1, %xmm0, (%rdi)", MEMORY_STORE)                                                \
	X("palignr $4, (%rsi), %xmm0", MEMORY_LOAD)                                                \
	X("pshufb (%rsi), %xmm0", MEMORY_LOAD)                                                     \
	X("crc32q (%rsi), %rax", MEMORY_LOAD)                                                      \
	X("movbe %rax, (%rsi)", MEMORY_STORE)                                                      \
	X("movdir64b (%rsi), %rdi", MEMORY_BOTH)                                                   \
	X("vzeroupper", 0)                                                                         \
	X("vmovdqu (%rsi), %ymm9", MEMORY_LOAD)                                                    \
	X("vmovdqu %ymm9, (%rdi)", MEMORY_STORE)                                                   \
	X("vmovdqu64 (%rsi), %zmm20", MEMORY_LOAD)                                                 \
	X("vmovdqu64 %zmm20, 0x40(%rdi)", MEMORY_STORE)                                            \
	X("vmovntdq %zmm0, (%rdi)", MEMORY_STORE)                                                  \
	X("vpbroadcastb %xmm0, %ymm1", 0)                                                          \
	X("vpbroadcastb (%rsi), %ymm1", MEMORY_LOAD)                                               \
	X("vextracti128 $1, %ymm0, (%rdi)", MEMORY_STORE)                                          \
	X("vpmaskmovd %ymm0, %ymm1, (%rdi)", MEMORY_STORE)                                         \
	X("vpxor %xmm0, %xmm0, %xmm0", 0)

#define ACCESS_TEXT(text, does)             ".balign 16, 0x90\n\t" text "\n"
#define SAMPLE_TEXT(text, kind, addr, size) "\t" text "\n"
#define STRANGER_TEXT(text)                 ".balign 16, 0x90\n\t" text "\n"

__asm__(".pushsection .text\n"
	".globl samples_x86, strangers_x86, accesses_x86\n"
	".hidden samples_x86, strangers_x86, accesses_x86\n"
	"samples_x86:\n"     //
	SAMPLES(SAMPLE_TEXT) //
	".balign 16, 0x90\n"
	"strangers_x86:\n"       //
	STRANGERS(STRANGER_TEXT) //
	".balign 16, 0x90\n"
	"accesses_x86:\n"     //
	ACCESSES(ACCESS_TEXT) //
	".popsection\n");

extern const uint8_t samples_x86[] __attribute__((visibility("hidden")));
extern const uint8_t strangers_x86[] __attribute__((visibility("hidden")));
extern const uint8_t accesses_x86[] __attribute__((visibility("hidden")));

static struct insn_regs sample_registers(const uint8_t *code)
{
	struct insn_regs regs = {.rip = (uintptr_t)code};

	for (unsigned i = 0; i < 16; i++)
		regs.general[i] = REG(i);
	return regs;
}

static void test_memory(void)
{
#define ACCESS_ROW(text_, does_) {text_, does_},
	static const struct {
		const char *text;
		unsigned does;
	} rows[] = {ACCESSES(ACCESS_ROW)};
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned does = insn_memory(accesses_x86 + i * 16);

		if (does != rows[i].does && ++wrong)
			diag("\"%s\" is read as %#x, not %#x", rows[i].text, does, rows[i].does);
	}
	is_int(wrong, 0, "decoder: insn_memory distinguishes loads, stores and prefetches");
}

static void test_decoder(void)
{
#define SAMPLE_ROW(text_, kind_, addr_, size_)                                                     \
	{text_, {.kind = kind_, .addr = addr_, .size = size_}},
#define STRANGER_ROW(text_) text_,
	static const struct {
		const char *text;
		struct insn want;
	} rows[] = {SAMPLES(SAMPLE_ROW)};
	static const char *const strangers[] = {STRANGERS(STRANGER_ROW)};
	const uint8_t *code = samples_x86;
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct insn_regs regs = sample_registers(code);
		struct insn insn = insn_decode(code, &regs), want = rows[i].want;

		if (want.addr == SELF)
			want.addr = (uintptr_t)samples_x86;
		if (insn.kind != want.kind || insn.size != want.size ||
			(want.kind != INSN_FENCE && insn.addr != want.addr)) {
			diag("\"%s\" is read as kind %d, address %#lx, size %zu", rows[i].text,
				insn.kind, insn.addr, insn.size);
			wrong++;
		}
		code += insn.length;
	}
	/* The lengths must add up to the end of the SAMPLES; then the others follow, aligned. */
	wrong += strangers_x86 - code >= 16;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct insn_regs regs = sample_registers(strangers_x86 + i * 16);
		struct insn insn = insn_decode(strangers_x86 + i * 16, &regs);

		if (insn.kind != INSN_OTHER && ++wrong)
			diag("\"%s\" is read as kind %d", strangers[i], insn.kind);
	}
	is_int(wrong, 0, "decoder: insn_decode agrees with the assembler on all samples");
	test_memory();
}

#endif
