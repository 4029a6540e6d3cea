/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows_stepped.c - checks of rows of doc/compatibility.md whose effect can be seen only between two
 * instructions of a call: a child makes the call, and the parent steps through the instructions
 * with ptrace(2)
 */
#include "rowcheck.h"

#ifdef __x86_64__
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/x86_decode.h"

#define SIZE 8192

/* The call that the child makes. Parent and child share the memory to which the pointers point. */
static struct {
	char *dest;
	const char *src;
	size_t len;
	enum { COPY, SET, FLUSH } kind;
} job;

static void work(void)
{
	switch (job.kind) {
	case COPY:
		pmem.memmove(job.dest, job.src, job.len, 0);
		break;
	case SET:
		pmem.memset(job.dest, 0xee, job.len, 0);
		break;
	case FLUSH:
		pmem.flush(job.dest, job.len);
		pmem.deep_flush(job.dest, job.len);
		pmem.persist(job.dest, job.len);
		break;
	}
}

/* Events that look() has seen between the instructions of the child. */
static struct {
	bool torn;        /* an 8-byte word of the destination had both old and new bytes */
	unsigned flushes; /* number of instructions that flushed a cache line of the destination */
} seen;

static bool half_done(const char *word)
{
	for (int i = 1; i < 8; i++)
		if (word[i] != word[0])
			return true;
	return false;
}

static void look(pid_t child)
{
	struct user_regs_struct user;
	uint8_t code[16];

	for (size_t i = 0; i < job.len; i += 8)
		seen.torn |= half_done(job.dest + i);
	if (ptrace(PTRACE_GETREGS, child, NULL, &user))
		cannot("cannot read the child's registers: %s", strerror(errno));
	struct insn_regs regs = {
		.general = {user.rax, user.rcx, user.rdx, user.rbx, user.rsp, user.rbp, user.rsi,
			user.rdi, user.r8, user.r9, user.r10, user.r11, user.r12, user.r13,
			user.r14, user.r15},
		.rip = user.rip,
	};
	for (size_t i = 0; i < sizeof(code); i += sizeof(long)) {
		long part = ptrace(PTRACE_PEEKTEXT, child, (void *)(user.rip + i), NULL);
		memcpy(code + i, &part, sizeof(part));
	}
	struct insn insn = insn_decode(code, &regs);
	if (insn.kind == INSN_OTHER || insn.kind == INSN_FENCE)
		return;
	seen.flushes +=
		insn.addr + 64 > (uintptr_t)job.dest && insn.addr < (uintptr_t)job.dest + job.len;
}

/* Runs the job in a child, instruction by instruction, and calls look() before each of them. */
static void step(void)
{
	int status;
	pid_t child = fork();

	memset(&seen, 0, sizeof(seen));
	if (child < 0)
		cannot("cannot fork: %s", strerror(errno));
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(77);
		work();
		_exit(0);
	}
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		look(child);
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
			cannot("cannot single-step the child: %s", strerror(errno));
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		cannot("ptrace(2) is refused here, or the child died: %#x", status);
}

/*
 * Sets `job`. The call shall change each byte of the destination from 0x11 to 0xee, so that look()
 * recognizes a word with old and new bytes.
 */
static char *prepare(size_t offset, size_t len, int kind)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		cannot("cannot map memory: %s", strerror(errno));
	memset(memory, 0x11, SIZE / 2);
	memset(memory + SIZE / 2, 0xee, SIZE / 2);
	job.dest = memory + 64 + offset;
	job.src = memory + SIZE / 2;
	job.len = len;
	job.kind = kind;
	return memory;
}

static bool whole_words(void)
{
	static const size_t ways[][2] = {{0, 8}, {56, 16}, {0, 72}, {0, 136}, {8, 8}, {48, 1024}};

	for (size_t i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
		const size_t *way = ways[i / 2];
		char *memory = prepare(way[0], way[1], i % 2 ? SET : COPY);
		step();
		munmap(memory, SIZE);
		if (seen.torn)
			return wrong(
				"%s of %zu bytes to offset %zu of a line writes a word in two pieces",
				i % 2 ? "memset" : "memmove", way[1], way[0]);
	}
	return true;
}

static bool same_place_flushed(void)
{
	char *memory = prepare(0, 256, COPY);

	job.src = job.dest;
	step();
	munmap(memory, SIZE);
	return seen.flushes >= 4 ||
	       wrong("of 4 lines copied onto themselves, %u are flushed", seen.flushes);
}

/*
 * Checks that flushes of 0 bytes flush nothing. The memory is mapped, so that a wrong flush does
 * not crash.
 */
static bool empty_flush(void)
{
	char *memory = prepare(1, 0, FLUSH);

	step();
	munmap(memory, SIZE);
	return !seen.flushes || wrong("flushes of 0 bytes flush %u lines", seen.flushes);
}

const struct row stepped_rows[] = {
	{"whole-words", whole_words, "pmem"},
	{"copy-onto-itself", same_place_flushed, "pmem"},
	{"empty-flush", empty_flush, "pmem"},
	{NULL, NULL, NULL},
};

#else

const struct row stepped_rows[] = {{NULL, NULL, NULL}};

#endif
