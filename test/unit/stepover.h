/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stepover.h - record the flush and fence instructions that a test executes although this CPU (or
 * its emulator) lacks them
 *
 *	stepover_start();
 *	stepover_seen.count = 0;
 *	engine->flush(addr, len);
 *	... stepover_seen.lines[0] ...
 *
 * Such instructions raise SIGILL. The handler records the address that the instruction would flush,
 * and skips the instruction. (x86-64 has a better way: stepped.h.)
 *
 * The opcodes here are taken from the manuals, independently of the tested source.
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
	uintptr_t lines[STEPOVER_LINES]; /* addresses of the flushes, in order */
	size_t count;                    /* number of flushes */
	size_t fences, flushes_before;   /* counts: fences; flushes before the last fence */
} stepover_seen;

struct stepover_insn {
	bool flush, fence;
	unsigned address; /* number of the register with the address to flush */
};

#ifdef __aarch64__
static inline struct stepover_insn stepover_decode(uint32_t code)
{
	/* DC CVAP is SYS #3, C7, C12, #1, and DC CVADP has C13 instead of C12; Rt is in bits 4:0 */
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
	/* CBO.CLEAN: opcode MISC-MEM, funct3 CBO, immediate 1; rs1 is in bits 19:15 */
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
	/*
	 * POWER: flush and fence have opcode 31. The flush (DCBF) has extended opcode 86, L=6,
	 * RA=0, and the address in RB. The fence (SYNC) has extended opcode 598 and L=4.
	 */
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
		static const char why[] =
			"Bail out! an illegal instruction that is not a flush or fence\n";
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
