/* SPDX-License-Identifier: BSD-3-Clause */
#include "counting.h"

#ifdef __x86_64__
#include <stdint.h>

#include "unit/x86_memory.h"
#include "unit/x86_steps.h"

static volatile uintptr_t target, returns_to_stack;
static bool returned;
static struct count now;

static void count_one(const struct insn *insn)
{
	unsigned does = insn_memory(steps.at);

	now.instructions++;
	now.flushes += insn_flushes(insn);
	now.fences += insn->kind == INSN_FENCE;
	now.fetches += (does & MEMORY_FETCH) != 0;
	now.loads += (does & MEMORY_LOAD) != 0;
	now.stores += (does & MEMORY_STORE) != 0;
}

/*
 * Counts an instruction that has been executed, if it is one of the target function or of its
 * callees.
 */
static void watch(const struct insn *insn, void *arg)
{
	(void)arg;
	if (!returns_to_stack && (uintptr_t)steps.at == target)
		returns_to_stack = steps.stack + sizeof(void *);
	returned |= returns_to_stack && steps.stack == returns_to_stack;
	if (returns_to_stack && !returned)
		count_one(insn);
}

void counting_start(const void *function)
{
	target = (uintptr_t)function;
	returns_to_stack = 0;
	returned = false;
	now = (struct count){0};
	steps_start(watch, NULL);
	steps_mark();
}

struct count counting_end(void)
{
	steps_mark();
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
