/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probes.h - raw flushes, fences and streaming stores, seen as they are executed
 *
 * Each has an int3 for its first byte. The trap records what the instruction would have done: a
 * flush of memory under test and a fence are then skipped, everything else is done in its place.
 * Locked instructions, which are fences besides, run from a copy out of line. Code stays private
 * memory.
 *
 * Threads run freely while probes are set: a probe is found by its address before its byte is
 * changed, and the change is one byte. Objects come and go (dlopen(3), dlclose(3)): the loader
 * stops for debuggers when it has mapped one, and that place has a probe, too.
 *
 * Locks: one in probes.c, of the table of objects. The handler takes it for the loader only, which
 * holds its own lock then.
 */
#ifndef LIBHOLDFAST_TRACE_X86_64_PROBES_H
#define LIBHOLDFAST_TRACE_X86_64_PROBES_H

#include <signal.h>
#include <ucontext.h>

#include "libholdfast-trace/recorder.h"

struct probe {
	uintptr_t pc;
	struct raw_insn insn;
	uintptr_t copy; /* of a locked instruction */
	uint32_t idle;  /* how often a locked instruction had nothing to complete; atomic */
	uint8_t was_hit;
	uint8_t protection; /* of its page */
	uint8_t first;      /* its first byte, which the breakpoint stands for */
};

/* probes.c: find the objects that are new, and set their probes. */
void probes_find(void);
/* Finds the probe of this address, or NULL. Safe in signal handlers. */
struct probe *probes_at(uintptr_t pc);
void probes_refuse(const char *object, uint64_t address, enum probe_reason reason);
/* The same of a probe that was set. */
void probes_refuse_probe(const struct probe *probe, enum probe_reason reason);

/*
 * ask.c: the sites of the object that has its code here. NULL: it has none, or refused, which is
 * then told. ask_free() gives the answer back.
 */
struct probe_list *ask(const char *object, uintptr_t address);
void ask_free(struct probe_list *list);

/* trap.c: be there when a probe is hit. */
void trap_begin(void);
bool trap_is_debugged(void);
/* Change one byte of code, whose page has this protection. False: the system does not let us. */
bool trap_change(uintptr_t pc, uint8_t byte, int protection);
#define TRAP_INT3 0xcc
/* Have probes_find() called for objects that come later. */
void trap_watch_loader(void);

/* calls_signal.c: make the action that of SIGTRAP, and hide it from the program. */
void signal_take_trap(const struct sigaction *action);
/* A trap that is not ours: what the program wants done with it. */
void signal_pass_on(int number, siginfo_t *info, void *context);
void signal_after_fork(void);

/*
 * outline.c: copies of the locked instructions among these probes, near the code that begins at lo.
 * Returns where they are, *size bytes, or NULL. A probe whose copy stays 0 cannot have one.
 */
void *outline_make(struct probe *probes, uint32_t count, uintptr_t lo, size_t *size);

/* registers.c: what an instruction sees. */
void registers_begin(void);
uintptr_t registers_address(const ucontext_t *context, const struct raw_insn *insn, uintptr_t pc);
uint64_t registers_general(const ucontext_t *context, unsigned number);
/* `length` bytes of a register, at most 64. */
void registers_value(
	const ucontext_t *context, enum raw_file file, unsigned number, void *to, size_t length);

#endif
