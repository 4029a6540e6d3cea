/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_shim.c - functions that record the flushes, fences and streaming stores that a program
 * makes with intrinsics
 */
#include "libholdfast-trace/recorder.h"
#include "trace/hooks.h"

void shim_flush(const void *address, int instruction, struct call call)
{
	bool is_ours = maps_find((uintptr_t)address);

	if (!is_ours || is_really())
		hook_really_flush(address, instruction);
	if (!is_ours)
		return;
	if (instruction == HOOK_CLFLUSH)
		record_clflush((uintptr_t)address, call);
	else
		record_flush((uintptr_t)address, 1, call);
}

/* A fence is recorded and also executed, because memory that is not under test may rely on it. */
void shim_fence(struct call call)
{
	__asm__ volatile("mfence" ::: "memory");
	record_fence(call);
}

EXPORT void holdfast_crash_flush(const void *address, int instruction)
{
	shim_flush(address, instruction, CALLER);
}

EXPORT void holdfast_crash_fence(void)
{
	shim_fence(CALLER);
}

EXPORT void holdfast_crash_stream(void *to, const void *from, unsigned long length)
{
	struct map *map = maps_find((uintptr_t)to);

	if (!map || length > map->hi - (uintptr_t)to)
		hook_really_stream(to, from, length);
	else
		record_stream(map, to, from, length, CALLER);
}

/*
 * Records that an operation of the program begins or ends, which the program tells by a call
 * (holdfast_crash.h). All earlier stores of the program are recorded before that.
 */
EXPORT void holdfast_crash_mark(unsigned long operation, int is_end)
{
	record_mark(operation, is_end, CALLER);
}
