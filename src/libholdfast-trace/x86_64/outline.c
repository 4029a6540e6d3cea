/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * outline.c - run locked instructions in copies at another address, since no other code has their
 * atomic effect
 *
 * A jump back follows each copy. The copy lies near the code, because an operand's address may be
 * relative to the instruction; then the displacement in the copy is adjusted.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/x86_64/probes.h"

#define SLOT  32u /* size in bytes of an instruction's copy and the jump behind it */
#define PAGE  UINT64_C(4096)
#define STEP  UINT64_C(0x100000) /* distance of two addresses where mmap(2) is tried, in bytes */
#define TRIES 512u

/*
 * Maps memory below the code, as near to it as there is room; if there is no room below, anywhere.
 * Addresses above the code are avoided because the heap may grow there.
 */
static unsigned char *map_near(uintptr_t lo, size_t size)
{
	long protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uintptr_t at = lo & ~(STEP - 1);
	void *mapped = MAP_FAILED;

	for (unsigned i = 0; i < TRIES && at > STEP && mapped == MAP_FAILED; i++) {
		at -= STEP;
		mapped = (void *)syscall(
			SYS_mmap, at, size, protection, flags | MAP_FIXED_NOREPLACE, -1L, 0L);
	}
	if (mapped == MAP_FAILED)
		mapped = (void *)syscall(SYS_mmap, NULL, size, protection, flags, -1L, 0L);
	return mapped == MAP_FAILED ? NULL : mapped;
}

/* Copies one instruction. Returns false if its operand is too far away from the copy. */
static bool copy_one(const struct probe *probe, unsigned char *to)
{
	static const unsigned char jump[6] = {0xff, 0x25}; /* JMP to the address stored behind it */
	uintptr_t next = probe->pc + probe->insn.length;
	size_t length = probe->insn.length;

	real_memmove(to, (const void *)probe->pc, length);
	if (probe->insn.base == RAW_RIP) {
		int64_t disp = probe->insn.disp + (int64_t)(probe->pc - (uintptr_t)to);
		int32_t near = (int32_t)disp;
		if (near != disp)
			return false;
		real_memmove(to + probe->insn.disp_at, &near, sizeof(near));
	}
	real_memmove(to + length, jump, sizeof(jump));
	real_memmove(to + length + sizeof(jump), &next, sizeof(next));
	return true;
}

void *outline_make(struct probe *probes, uint32_t count, uintptr_t lo, size_t *size)
{
	uint32_t locked = 0;

	for (uint32_t i = 0; i < count; i++)
		locked += probes[i].insn.kind == RAW_LOCKED;
	*size = (locked * SLOT + PAGE - 1) & ~(PAGE - 1);
	unsigned char *room = locked ? map_near(lo, *size) : NULL, *at = room;
	if (!room)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		if (probes[i].insn.kind == RAW_LOCKED && copy_one(&probes[i], at)) {
			probes[i].copy = (uintptr_t)at;
			at += SLOT;
		}
	if (!syscall(SYS_mprotect, room, *size, (long)(PROT_READ | PROT_EXEC)))
		return room;
	for (uint32_t i = 0; i < count; i++)
		probes[i].copy = 0;
	syscall(SYS_munmap, room, *size);
	return NULL;
}
