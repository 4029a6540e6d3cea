/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trap.c - the handler that runs when a probe is hit
 *
 * The recorder handles SIGTRAP; it passes traps that are not from probes to the program
 * (calls_signal.c). The handler takes the place of one instruction of the program, and does not
 * interrupt a function of a library. So it may call any function that the program may call there.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/x86_64/probes.h"
#include "trace/hooks.h"

#define RET       0xc3
#define CODE_PAGE UINT64_C(4096)
#define MOST_IDLE 10000u

static const uint8_t endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};

static struct {
	uintptr_t at; /* address of the loader's function for debuggers; 0 if it has no probe */
	bool is_ret;
} loader;

/* This thread has executed raw flushes or streaming stores since its last fence. */
TLS bool is_pending;

/* ---- executing the instructions */

static void stream(uintptr_t to, const void *from, size_t length, struct call call)
{
	struct map *map = maps_find(to);

	if (map && length <= map->hi - to)
		record_stream(map, (void *)to, from, length, call);
	else
		real_memmove((void *)to, from, length);
}

static void stream_selected(
	uintptr_t to, const ucontext_t *context, const struct raw_insn *insn, struct call call)
{
	unsigned char value[16], mask[16];

	registers_value(context, insn->file, insn->reg, value, insn->size);
	registers_value(context, insn->file, insn->mask, mask, insn->size);
	for (unsigned i = 0, end; i < insn->size; i = end + 1) {
		for (end = i; end < insn->size && mask[end] & 0x80;)
			end++;
		if (end > i)
			stream(to + i, value + i, end - i, call);
	}
}

static void perform(const struct probe *probe, const ucontext_t *context, struct call call)
{
	const struct raw_insn *insn = &probe->insn;
	uintptr_t address = registers_address(context, insn, probe->pc);
	unsigned char value[64];

	switch (insn->kind) {
	case RAW_CLFLUSH:
		shim_flush((void *)address, HOOK_CLFLUSH, call);
		break;
	case RAW_CLFLUSHOPT:
		shim_flush((void *)address, HOOK_CLFLUSHOPT, call);
		break;
	case RAW_CLWB:
		shim_flush((void *)address, HOOK_CLWB, call);
		break;
	case RAW_FENCE:
		shim_fence(call);
		break;
	case RAW_STREAM:
		registers_value(context, insn->file, insn->reg, value, insn->size);
		stream(address, value, insn->size, call);
		break;
	case RAW_MOVDIR64B:
		real_memmove(value, (const void *)address, sizeof(value));
		address = registers_general(context, insn->reg);
		stream(insn->is_narrow ? (uint32_t)address : address, value, sizeof(value), call);
		break;
	case RAW_MASKED:
		stream_selected(address, context, insn, call);
		break;
	default:
		break;
	}
}

static void hit(struct probe *probe, ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	/* At this frame, the unwinder expects the address behind the int3. */
	struct call call = {probe->pc + 1, (uintptr_t)registers[REG_RSP]};

	__atomic_fetch_add(&ring->probes.report.hits, 1, __ATOMIC_RELAXED);
	if (unlikely(!__atomic_exchange_n(&probe->was_hit, 1, __ATOMIC_RELAXED)))
		__atomic_fetch_add(&ring->probes.report.hit, 1, __ATOMIC_RELAXED);
	perform(probe, context, call);
	registers[REG_RIP] = (greg_t)(probe->pc + probe->insn.length);
	is_pending = raw_wants_fence(&probe->insn) || (is_pending && probe->insn.kind != RAW_FENCE);
}

/* ---- changing code */

/*
 * 1 while a thread changes a byte of code. The page is writable during the change, so only one
 * thread may change code at a time.
 */
static uint32_t is_changing;

static bool change(uintptr_t pc, uint8_t byte, int protection)
{
	uintptr_t page = pc & ~(CODE_PAGE - 1);

	if (syscall(SYS_mprotect, page, CODE_PAGE, (long)(PROT_READ | PROT_WRITE | PROT_EXEC)))
		return false;
	__atomic_store_n((uint8_t *)pc, byte, __ATOMIC_RELEASE);
	syscall(SYS_mprotect, page, CODE_PAGE, (long)protection);
	return true;
}

bool trap_change(uintptr_t pc, uint8_t byte, int protection)
{
	while (__atomic_exchange_n(&is_changing, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
	bool done = change(pc, byte, protection);
	__atomic_store_n(&is_changing, 0, __ATOMIC_RELEASE);
	return done;
}

void trap_after_fork(void)
{
	is_changing = 0;
}

/*
 * Removes the probe of a locked instruction that is hit all the time, as when threads spin on it.
 * Does not wait while code is being changed, because this signal handler may have interrupted that
 * change: the next hit tries again.
 */
static void give_up(struct probe *probe)
{
	if (__atomic_exchange_n(&is_changing, 1, __ATOMIC_ACQUIRE))
		return;
	bool done = *(volatile uint8_t *)probe->pc == TRAP_INT3 &&
		    change(probe->pc, probe->first, probe->protection);
	__atomic_store_n(&is_changing, 0, __ATOMIC_RELEASE);
	if (done)
		probes_refuse_probe(probe, PROBE_OFTEN);
}

/*
 * Makes the thread continue at the copy of the locked instruction, and records that the
 * instruction completes the flushes of this thread.
 */
static void hit_locked(struct probe *probe, ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	struct call call = {probe->pc + 1, (uintptr_t)registers[REG_RSP]};

	if (is_pending && maps_span) {
		settle();
		write_event(
			&(struct event){.kind = EVENT_ATOMIC, .stack = stack_number(call)}, NULL);
		is_pending = false;
	} else if (__atomic_add_fetch(&probe->idle, 1, __ATOMIC_RELAXED) >= MOST_IDLE) {
		give_up(probe);
	}
	registers[REG_RIP] = (greg_t)probe->copy;
}

/* ---- the loader */

static void loader_stopped(ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;

	if (_r_debug.r_state == RT_CONSISTENT)
		probes_find();
	if (loader.is_ret) {
		registers[REG_RIP] = *(const greg_t *)registers[REG_RSP];
		registers[REG_RSP] += 8;
	} else {
		registers[REG_RIP] = (greg_t)(loader.at + sizeof(endbr64));
	}
}

void trap_watch_loader(void)
{
	uintptr_t at = _r_debug.r_brk;
	const uint8_t *code = (const uint8_t *)at;

	if (at && (*code == RET || !memcmp(code, endbr64, sizeof(endbr64)))) {
		loader.is_ret = *code == RET;
		loader.at = at;
		if (trap_change(at, TRAP_INT3, PROT_READ | PROT_EXEC))
			return;
		loader.at = 0;
	}
	probes_refuse("dlopen", 0, PROBE_LOADER);
}

/* ---- the trap */

static void trapped(int number, siginfo_t *info, void *context_)
{
	ucontext_t *context = context_;
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP] - 1;
	int saved = errno;
	struct probe *probe = info->si_code > 0 ? probes_at(pc) : NULL;

	if (probe && probe->insn.kind == RAW_LOCKED)
		hit_locked(probe, context);
	else if (probe)
		hit(probe, context);
	else if (info->si_code > 0 && loader.at && pc == loader.at)
		loader_stopped(context);
	else
		signal_pass_on(number, info, context);
	errno = saved;
}

bool trap_is_debugged(void)
{
	char text[2048];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC);
	long length = fd < 0 ? -1 : syscall(SYS_read, fd, text, sizeof(text) - 1);

	if (fd >= 0)
		syscall(SYS_close, fd);
	text[length > 0 ? length : 0] = '\0';
	const char *tracer = strstr(text, "TracerPid:");
	return tracer && atoi(tracer + strlen("TracerPid:"));
}

void trap_begin(void)
{
	struct sigaction action = {
		.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};

	signal_take_trap(&action);
}
