/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stepover.h - flushes that this CPU, or what emulates it, does not have: noted and stepped over
 *
 *	stepover_start();
 *	stepover_seen.count = 0;
 *	engine->flush(addr, len);
 *	... stepover_seen.lines[0] ...
 *
 * They are invalid opcodes there, so a handler of SIGILL sees each with its address. What they
 * would have done to a cache nobody can see, here or anywhere. x86-64 has a better way: stepped.h.
 *
 * The numbers are those of the manuals, once more and not from the source under test.
 */
#ifndef TEST_UNIT_STEPOVER_H
#define TEST_UNIT_STEPOVER_H

#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__aarch64__) || defined(__riscv) || defined(__powerpc64__)
#define STEPOVER 1
#else
#define STEPOVER 0
#endif

#if STEPOVER
#define STEPOVER_LINES 512

static volatile struct {
	uintptr_t lines[STEPOVER_LINES]; /* the addresses of the flushes, in their order */
	size_t count;
	size_t fences, flushes_before; /* the last fence among them, too, if it was stepped over */
} stepover_seen;

struct stepover_insn {
	bool flush, fence;
	unsigned address; /* number of the register that holds it */
};

#ifdef __aarch64__
static inline struct stepover_insn stepover_decode(uint32_t code)
{
	/* SYS #3, C7, C12, #1 and C13: DC CVAP and DC CVADP, Rt in bits 4:0 */
	bool clean = (code & ~0x1fu) == 0xd50b7c20 || (code & ~0x1fu) == 0xd50b7d20;

	return (struct stepover_insn){.flush = clean, .address = code & 0x1f};
}

static inline uintptr_t stepover_register(ucontext_t *context, unsigned number)
{
	return context->uc_mcontext.regs[number];
}

#define STEPOVER_PC(context) ((context)->uc_mcontext.pc)
#elif defined(__riscv)
static inline struct stepover_insn stepover_decode(uint32_t code)
{
	/* MISC-MEM, CBO, 1, and rs1 in bits 19:15 */
	return (struct stepover_insn){
		.flush = (code & 0xfff07fffu) == 0x0010200f, .address = code >> 15 & 0x1f};
}

static inline uintptr_t stepover_register(ucontext_t *context, unsigned number)
{
	return context->uc_mcontext.__gregs[number];
}

#define STEPOVER_PC(context) ((context)->uc_mcontext.__gregs[REG_PC])
#else
static inline struct stepover_insn stepover_decode(uint32_t code)
{
	/* Opcode 31: 86 with L=6 and RA=0, the address in RB; 598 with L=4 */
	return (struct stepover_insn){.flush = (code & 0xffff07ffu) == 0x7cc000ac,
		.fence = code == 0x7c8004ac,
		.address = code >> 11 & 0x1f};
}

static inline uintptr_t stepover_register(ucontext_t *context, unsigned number)
{
	return context->uc_mcontext.gp_regs[number];
}

#define STEPOVER_PC(context) ((context)->uc_mcontext.gp_regs[32])
#endif

static inline void stepover_illegal(int signal, siginfo_t *info, void *context_)
{
	ucontext_t *context = context_;
	uint32_t code;

	memcpy(&code, (const void *)STEPOVER_PC(context), sizeof(code));
	struct stepover_insn insn = stepover_decode(code);

	if (!insn.flush && !insn.fence) {
		static const char why[] = "Bail out! an instruction that nobody knows\n";
		_exit(write(STDOUT_FILENO, why, sizeof(why) - 1) < 0 ? 98 : 99);
	}
	if (insn.fence) {
		stepover_seen.fences++;
		stepover_seen.flushes_before = stepover_seen.count;
	} else {
		size_t at = stepover_seen.count++;

		if (at < STEPOVER_LINES)
			stepover_seen.lines[at] = stepover_register(context, insn.address);
	}
	STEPOVER_PC(context) += sizeof(code);
}

static inline void stepover_start(void)
{
	struct sigaction action = {.sa_sigaction = stepover_illegal, .sa_flags = SA_SIGINFO};

	sigaction(SIGILL, &action, NULL);
}
#else
static inline void stepover_start(void)
{
}
#endif

#endif
