/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probes.h - breakpoints (probes) at raw instructions, which are flushes, fences and streaming
 * stores in machine code
 *
 * An int3 replaces the first byte of each such instruction. The trap handler records the effect of
 * the instruction: it then skips a flush of memory under test or a fence, and executes everything
 * else itself. Locked instructions, which also act as fences, run from a copy elsewhere. Code
 * stays private memory.
 *
 * Threads run freely while probes are set: a probe is found by its address before its byte is
 * changed, and the change is one byte. Objects are loaded and unloaded (dlopen(3), dlclose(3)):
 * the loader calls a function for debuggers when it has mapped an object, and this function has a
 * probe, too.
 *
 * Locks: probes.c has one, which protects the table of objects. The trap handler takes it only for
 * the probe in the loader, which then holds its own lock, too.
 */
#ifndef LIBHOLDFAST_TRACE_X86_64_PROBES_H
#define LIBHOLDFAST_TRACE_X86_64_PROBES_H

#include <signal.h>
#include <ucontext.h>

#include "libholdfast-trace/recorder.h"

struct probe {
	uintptr_t pc;
	struct raw_insn insn;
	uintptr_t copy; /* address of the copy of a locked instruction */
	uint32_t idle;  /* how often a locked instruction had no flush to complete; atomic */
	uint8_t was_hit;
	uint8_t protection; /* protection of its page */
	uint8_t first;      /* first byte of the instruction, which the int3 replaces */
};

/* probes.c: finds new objects, and sets their probes. */
void probes_find(void);
/* Finds the probe of this address, or NULL. Safe in signal handlers. */
struct probe *probes_at(uintptr_t pc);
void probes_refuse(const char *object, uint64_t address, enum probe_reason reason);
/* Reports why a probe that was set is given up. */
void probes_refuse_probe(const struct probe *probe, enum probe_reason reason);

/*
 * ask.c: asks the tool for the sites of the object whose code contains the address. NULL: there
 * are no sites, or the tool refused and the refusal is recorded. ask_free() frees the answer.
 */
struct probe_list *ask(const char *object, uintptr_t address);
void ask_free(struct probe_list *list);

/* trap.c: installs the handler for hits of probes. */
void trap_begin(void);
bool trap_is_debugged(void);
/* Changes one byte of code, whose page has this protection. False: the system does not allow it. */
bool trap_change(uintptr_t pc, uint8_t byte, int protection);
void trap_after_fork(void);
#define TRAP_INT3 0xcc
/* Makes probes_find() be called for objects that are loaded later. */
void trap_watch_loader(void);

/* calls_signal.c: installs the action for SIGTRAP, and hides it from the program. */
void signal_take_trap(const struct sigaction *action);
/* Handles a trap that is not from a probe as the program wants. */
void signal_pass_on(int number, siginfo_t *info, void *context);
void signal_after_fork(void);

/*
 * outline.c: makes copies of the locked instructions among these probes, near the code that begins
 * at lo. Returns their memory, of *size bytes, or NULL. If no copy can be made for a probe, its
 * `copy` stays 0.
 */
void *outline_make(struct probe *probes, uint32_t count, uintptr_t lo, size_t *size);

/* registers.c: the register values that an interrupted instruction sees. */
void registers_begin(void);
uintptr_t registers_address(const ucontext_t *context, const struct raw_insn *insn, uintptr_t pc);
uint64_t registers_general(const ucontext_t *context, unsigned number);
/* Copies `length` bytes, at most 64, of a register. */
void registers_value(
	const ucontext_t *context, enum raw_file file, unsigned number, void *to, size_t length);

#endif
