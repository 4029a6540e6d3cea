/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probes.h - breakpoints (probes) at raw instructions, which are flushes, fences and streaming
 * stores in machine code
 *
 * An int3 replaces the first byte of each such instruction. The trap handler records the effect of
 * the instruction. Then it skips the instruction if that is a flush of memory under test or a
 * fence, and otherwise does itself what the instruction does. Locked instructions, which also act
 * as fences, run from a copy at another address. The mapping of the code remains private.
 *
 * Threads keep running while probes are set. This is safe because a probe can be looked up before
 * its instruction is changed, and because only one byte is changed. The program may load and
 * unload objects (dlopen(3), dlclose(3)): when the loader has mapped an object, it calls a
 * function for debuggers, and this function has a probe, too.
 *
 * Locks: probes.c has one, which protects the table of objects. The trap handler takes this lock
 * only for the probe in the loader; then the loader holds its own lock, too.
 */
#ifndef LIBHOLDFAST_TRACE_X86_64_PROBES_H
#define LIBHOLDFAST_TRACE_X86_64_PROBES_H

#include <signal.h>
#include <ucontext.h>

#include "libholdfast-trace/recorder.h"

struct probe {
	uintptr_t pc;
	struct raw_insn insn;
	uintptr_t copy; /* address of the copy, if this is a locked instruction; else 0 */
	uint32_t idle;  /* how often a locked instruction found no flush to complete; atomic */
	uint8_t was_hit;
	uint8_t protection; /* protection of the page that contains the instruction */
	uint8_t first;      /* first byte of the instruction, which the int3 replaces */
};

/* probes.c: finds objects that were loaded since the last call, and sets probes in them. */
void probes_find(void);
/* Returns the probe at this address, or NULL. Safe in signal handlers. */
struct probe *probes_at(uintptr_t pc);
void probes_refuse(const char *object, uint64_t address, enum probe_reason reason);
/* Reports why a probe that was set has been removed. */
void probes_refuse_probe(const struct probe *probe, enum probe_reason reason);

/*
 * ask.c: asks the tool for the instructions to probe in the object whose code contains the
 * address. Returns NULL if no instruction needs a probe, or if the tool refused, which is then
 * recorded. ask_free() frees the result.
 */
struct probe_list *ask(const char *object, uintptr_t address);
void ask_free(struct probe_list *list);

/* trap.c: installs the signal handler for probes that are hit. */
void trap_begin(void);
bool trap_is_debugged(void);
/*
 * Changes one byte of code in a page with this protection. Returns false if the system does not
 * allow it.
 */
bool trap_change(uintptr_t pc, uint8_t byte, int protection);
void trap_after_fork(void);
#define TRAP_INT3 0xcc
/* Makes the loader's calls lead to probes_find() for objects that are loaded later. */
void trap_watch_loader(void);

/* calls_signal.c: installs the recorder's action for SIGTRAP, and hides it from the program. */
void signal_take_trap(const struct sigaction *action);
/* Handles a trap that is not from a probe, by the program's own action for SIGTRAP. */
void signal_pass_on(int number, siginfo_t *info, void *context);
void signal_after_fork(void);

/*
 * outline.c: makes copies of the locked instructions among these probes, near the object's code,
 * which begins at lo. Returns the memory with the copies, and its size in *size; or NULL. If an
 * instruction cannot be copied, `copy` of its probe remains 0.
 */
void *outline_make(struct probe *probes, uint32_t count, uintptr_t lo, size_t *size);

/*
 * registers.c: read the values that registers have at the instruction which was interrupted by the
 * trap.
 */
void registers_begin(void);
uintptr_t registers_address(const ucontext_t *context, const struct raw_insn *insn, uintptr_t pc);
uint64_t registers_general(const ucontext_t *context, unsigned number);
/* Copies the first `length` bytes, at most 64, of a register. */
void registers_value(
	const ucontext_t *context, enum raw_file file, unsigned number, void *to, size_t length);

#endif
