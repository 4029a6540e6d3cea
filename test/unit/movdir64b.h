/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * movdir64b.h - run the engines that copy with MOVDIR64B on a CPU without this instruction
 *
 * Few machines have that instruction, and an engine that is never run is never tested. A CPU
 * without it raises an invalid-opcode exception. The handler of SIGILL copies the 64 bytes and
 * continues behind the instruction. Unlike a CPU the handler does not store them in one piece, but
 * no other thread of the tests looks at them.
 */
#ifndef TEST_UNIT_MOVDIR64B_H
#define TEST_UNIT_MOVDIR64B_H

#include <signal.h>
#include <unistd.h>

#ifdef __x86_64__
#include <ucontext.h>

#include "unit/x86_decode.h"

/*
 * Returns the registers of a signal's context, the general ones by their numbers in machine code.
 */
static inline struct insn_regs insn_regs_of_registers(const greg_t *registers)
{
	static const int place[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
		REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
	struct insn_regs regs = {.rip = (uint64_t)registers[REG_RIP]};

	for (int i = 0; i < 16; i++)
		regs.general[i] = (uint64_t)registers[place[i]];
	return regs;
}

static inline void on_invalid_opcode(int signal, siginfo_t *info, void *context_)
{
	ucontext_t *context = context_;
	struct insn_regs regs = insn_regs_of_registers(context->uc_mcontext.gregs);
	struct insn insn = insn_decode((const void *)regs.rip, &regs);

	/*
	 * A real MOVDIR64B to an unaligned destination faults, so the emulated one must fail, too.
	 */
	if (insn.kind != INSN_MOVDIR64B || insn.addr % 64) {
		static const char why[] =
			"Bail out! an invalid opcode, or a MOVDIR64B to an unaligned address\n";
		_exit(write(STDOUT_FILENO, why, sizeof(why) - 1) < 0 ? 98 : 99);
	}
	memmove((void *)insn.addr, (const void *)insn.from, 64);
	context->uc_mcontext.gregs[REG_RIP] += (greg_t)insn.length;
}

static inline void movdir64b_emulate(void)
{
	struct sigaction action = {.sa_sigaction = on_invalid_opcode, .sa_flags = SA_SIGINFO};

	sigaction(SIGILL, &action, NULL);
}
#else
static inline void movdir64b_emulate(void)
{
}
#endif

#endif
