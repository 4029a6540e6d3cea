/* SPDX-License-Identifier: BSD-3-Clause */
#include "counting.h"

#ifdef __x86_64__
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "unit/x86_decode.h"
#include "unit/x86_memory.h"

#define TRAP_FLAG 0x100 /* bit of RFLAGS: the CPU traps after each instruction */

static volatile uintptr_t target, returns_to_stack;
static struct count now;

static void count_one(const void *code)
{
	/* Zeros: only addresses, which are not counted, depend on the values of registers. */
	static const struct insn_regs no_regs;
	struct insn insn = insn_decode(code, &no_regs);
	unsigned does = insn_memory(code);

	now.instructions++;
	now.flushes += insn_flushes(&insn);
	now.fences += insn.kind == INSN_FENCE;
	now.fetches += (does & MEMORY_FETCH) != 0;
	now.loads += (does & MEMORY_LOAD) != 0;
	now.stores += (does & MEMORY_STORE) != 0;
}

/*
 * Handles the trap between two instructions. Instructions outside of the target function are not
 * counted.
 */
static void trapped(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t at = (uintptr_t)registers[REG_RIP], stack = (uintptr_t)registers[REG_RSP];

	(void)signal;
	(void)info;
	if (!returns_to_stack && at == target)
		returns_to_stack = stack + sizeof(void *);
	if (returns_to_stack && stack == returns_to_stack) {
		registers[REG_EFL] &= ~TRAP_FLAG;
		return;
	}
	if (returns_to_stack)
		count_one((const void *)at);
}

void counting_start(const void *function)
{
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};

	target = (uintptr_t)function;
	returns_to_stack = 0;
	now = (struct count){0};
	sigaction(SIGTRAP, &action, NULL);
	/* Push below the red zone, in which the compiler may keep values. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp" ::"i"(TRAP_FLAG)
			 : "memory", "cc");
}

struct count counting_end(void)
{
	/* Read as volatile: the signal handler has changed the counts. */
	return *(volatile struct count *)&now;
}

static __attribute__((noinline)) void nothing(void)
{
	__asm__ volatile("nop" ::: "memory");
}

bool counting_works(void)
{
	void (*volatile call)(void) = nothing;

	counting_start((const void *)call);
	call();
	return counting_end().instructions >= 2;
}
#else
bool counting_works(void)
{
	return false;
}

void counting_start(const void *target)
{
	(void)target;
}

struct count counting_end(void)
{
	return (struct count){0};
}
#endif
