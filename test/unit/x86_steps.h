/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * x86_steps.h - call a function of this program, and watch each instruction that it executes
 *
 *	steps_start(watch, arg);
 *	steps_mark();
 *	function(...);
 *	steps_mark();
 *
 * `watch` is called after each instruction between the two marks, with that instruction and `arg`,
 * in a handler of SIGTRAP. It may change the memory that the function uses.
 *
 * A processor can trap after each instruction (its trap flag is set), but in a virtual machine
 * such a trap takes 20 microseconds, since it leaves the virtual machine several times. A
 * breakpoint (int3) takes one microsecond. So where the next instruction's address is known, the
 * handler puts a breakpoint there, and removes it when it is reached. The trap flag is used for an
 * instruction that is executed for the first time, which shows how long the instruction is; for
 * one outside of this program, such as in libc; and for jumps whose target is not decoded here. If
 * a breakpoint is not reached, the program bails out, so that no instruction remains unwatched.
 *
 * The program's code becomes writable. If the system refuses that, every step uses the trap flag.
 */
#ifndef TEST_UNIT_X86_STEPS_H
#define TEST_UNIT_X86_STEPS_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tap.h"
#include "unit/movdir64b.h"
#include "unit/x86_decode.h"

#define STEPS_INT3      0xcc
#define STEPS_TRAP_FLAG 0x100 /* bit of RFLAGS: the processor traps after each instruction */
#define STEPS_LONGEST   15    /* bytes of the longest instruction */

typedef void watch_fn(const struct insn *insn, void *arg);

/* The first byte of the program, and the first byte behind its code, as the linker defines them. */
extern const uint8_t __executable_start[], etext[];

static struct {
	watch_fn *watch;
	void *arg;
	bool running; /* between two marks */
	struct insn insn;
	const uint8_t *at; /* the address of `insn`; valid in watch(), as is `stack` */
	uintptr_t stack;   /* the stack pointer before `insn` */
	bool by_flag;      /* the trap flag is set, so that `insn` traps wherever it leads to */
	unsigned long count;
	uint8_t *lengths; /* of the instruction at each address of the program; 0: not known */
	struct {
		uint8_t *at, byte; /* a breakpoint, and the byte in whose place it is */
	} points[2];
	unsigned point_count;
} steps;

#define steps_mark() __asm__ volatile("int3" ::: "memory", "cc")

static inline bool steps_is_in_program(const uint8_t *at)
{
	return (uintptr_t)at >= (uintptr_t)__executable_start &&
	       (uintptr_t)at + STEPS_LONGEST < (uintptr_t)etext;
}

static inline uint8_t *steps_length(const uint8_t *at)
{
	return &steps.lengths[(uintptr_t)at - (uintptr_t)__executable_start];
}

/*
 * True if the instruction with these bytes may lead to another place than the instruction behind
 * it, may be repeated, or uses the flags: jumps, calls, returns, string instructions and a few
 * more.
 */
static inline bool steps_may_jump(const uint8_t *code)
{
	while (*code == 0x66 || *code == 0x67 || *code == 0xf2 || *code == 0xf3 || *code == 0x2e ||
		*code == 0x3e || *code == 0x64 || *code == 0x65 || *code == 0xf0 ||
		(*code & 0xf0) == 0x40)
		code++;
	if (*code == 0x0f)
		return (code[1] & 0xf0) == 0x80 || code[1] == 0x05 || code[1] == 0x0b ||
		       code[1] == 0x34 || code[1] == 0xb9 || code[1] == 0xff;
	if (*code >= 0xc0 && *code <= 0xcf) /* all but shifts, moves, ENTER, LEAVE and VEX */
		return *code != 0xc0 && *code != 0xc1 && (*code < 0xc4 || *code > 0xc9);
	return (*code & 0xf0) == 0x70 || (*code & 0xf8) == 0xe0 || (*code & 0xfc) == 0xe8 ||
	       (*code >= 0x6c && *code <= 0x6f) || (*code >= 0xa4 && *code <= 0xa7) ||
	       (*code >= 0xaa && *code <= 0xaf) || *code == 0x8e || *code == 0x9c ||
	       *code == 0x9d || *code == 0xf1 || *code == 0xf4 || *code == 0xff;
}

/*
 * Finds where the instruction at `code` may lead to: writes one address or two to `next`, and
 * returns their number; 0 if they are not known.
 */
static inline unsigned steps_successors(
	const uint8_t *code, const greg_t *registers, const uint8_t *next[2])
{
	int32_t far;

	if ((*code & 0xf0) == 0x70 || *code == 0xeb) {
		next[0] = code + 2 + (int8_t)code[1];
		next[1] = code + 2;
		return *code == 0xeb ? 1 : 2;
	}
	if (*code == 0xe8 || *code == 0xe9) {
		memcpy(&far, code + 1, sizeof(far));
		next[0] = code + 5 + far;
		return 1;
	}
	if (*code == 0x0f && (code[1] & 0xf0) == 0x80) {
		memcpy(&far, code + 2, sizeof(far));
		next[0] = code + 6 + far;
		next[1] = code + 6;
		return 2;
	}
	if (*code == 0xc3) {
		memcpy(next, (const void *)registers[REG_RSP], sizeof(*next));
		return 1;
	}
	next[0] = code + *steps_length(code);
	return *steps_length(code) > 0;
}

/* Has the instruction at steps.at trap when it has been executed. */
static inline void steps_go_on(greg_t *registers)
{
	const uint8_t *next[2];
	unsigned count = 0;

	if (steps.lengths && steps_is_in_program(steps.at))
		count = steps_successors(steps.at, registers, next);
	for (unsigned i = 0; i < count; i++)
		if (!steps_is_in_program(next[i]))
			count = 0;
	for (unsigned i = 0; i < count; i++) {
		steps.points[i].at = (uint8_t *)next[i];
		steps.points[i].byte = *next[i];
	}
	for (unsigned i = 0; i < count; i++)
		*(volatile uint8_t *)steps.points[i].at = STEPS_INT3;
	steps.point_count = count;
	steps.by_flag = !count;
	registers[REG_EFL] &= ~STEPS_TRAP_FLAG;
	if (steps.by_flag)
		registers[REG_EFL] |= STEPS_TRAP_FLAG;
}

/* Removes all breakpoints. True if one of them was at `at`. */
static inline bool steps_remove_points(const uint8_t *at)
{
	bool found = false;

	for (unsigned i = 0; i < steps.point_count; i++) {
		*(volatile uint8_t *)steps.points[i].at = steps.points[i].byte;
		found |= steps.points[i].at == at;
	}
	steps.point_count = 0;
	return found;
}

/*
 * Keeps the length of the instruction at steps.at, if the instruction at `now` must be the one
 * behind it.
 */
static inline void steps_learn(const uint8_t *now)
{
	uintptr_t length = (uintptr_t)now - (uintptr_t)steps.at;

	if (steps.lengths && steps_is_in_program(steps.at) && !steps_may_jump(steps.at) &&
		length <= STEPS_LONGEST)
		*steps_length(steps.at) = (uint8_t)length;
}

/* Watches the instruction that has been executed, unless the first mark was the last one. */
static inline void steps_passed(greg_t *registers)
{
	const uint8_t *now = (const uint8_t *)registers[REG_RIP];
	struct insn_regs regs;

	if (steps.running) {
		if (steps.by_flag)
			steps_learn(now);
		steps.count++;
		steps.watch(&steps.insn, steps.arg);
	}
	steps.running = *now != STEPS_INT3;
	if (!steps.running) { /* the second mark */
		registers[REG_RIP]++;
		registers[REG_EFL] &= ~STEPS_TRAP_FLAG;
		return;
	}
	regs = insn_regs_of_registers(registers);
	steps.insn = insn_decode(now, &regs);
	steps.at = now;
	steps.stack = (uintptr_t)registers[REG_RSP];
	steps_go_on(registers);
}

static inline void steps_trapped(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	bool by_point = steps.point_count;

	(void)signal;
	(void)info;
	if (by_point) {
		registers[REG_RIP]--;
		if (!steps_remove_points((const uint8_t *)registers[REG_RIP]))
			bail("the instruction at %p did not lead where it should", steps.at);
	}
	steps_passed(registers);
}

/* Executes MOVDIR64B on a processor without it. */
static inline void steps_illegal(int signal, siginfo_t *info, void *context)
{
	steps_remove_points(NULL);
	on_invalid_opcode(signal, info, context);
	steps.by_flag = false;
	steps_passed(((ucontext_t *)context)->uc_mcontext.gregs);
}

static inline void steps_handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	if (sigaction(signal, &action, NULL))
		bail("sigaction: %s", strerror(errno));
}

static inline void steps_start(watch_fn *watch, void *arg)
{
	const uintptr_t page = 4096, start = (uintptr_t)__executable_start & ~(page - 1);
	size_t size = (uintptr_t)etext - (uintptr_t)__executable_start;

	steps.watch = watch;
	steps.arg = arg;
	if (steps.count)
		return;
	steps_handle(SIGTRAP, steps_trapped);
	steps_handle(SIGILL, steps_illegal);
	if (!mprotect((void *)start, (uintptr_t)etext - start, PROT_READ | PROT_WRITE | PROT_EXEC))
		steps.lengths = calloc(size, 1);
}

#endif
