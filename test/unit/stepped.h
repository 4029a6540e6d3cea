/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stepped.h - call a function in a child, one instruction at a time
 *
 *	struct stepped child = stepped_start(size);
 *	*child.job = (struct job){.move = engine->move_line, .dest = child.memory, ...};
 *	stepped_run(&child, watch, arg);
 *	stepped_end(&child);
 *
 * `watch` is called after each instruction, with that instruction and `arg`. child.memory is
 * shared with the child: the watcher sees each store at once, and may change the memory. All other
 * memory is the child's copy of the parent's at the time of stepped_start(), at the same
 * addresses.
 *
 * Between two jobs the child waits at a breakpoint (int3). Parent and child stay on one CPU: a
 * step takes half the time that it takes to wake up another CPU.
 */
#ifndef TEST_UNIT_STEPPED_H
#define TEST_UNIT_STEPPED_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/cpu.h"
#include "tap.h"
#include "unit/x86_decode.h"

/*
 * A job for the child, which calls the first of these functions that is not NULL, with the
 * arguments that follow.
 */
struct job {
	struct cpu cpu; /* the child's settings for this job, such as engine and tuning */
	void (*drain)(void);
	void (*flush)(const void *addr, size_t len);
	void *(*move)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*set)(void *dest, int c, size_t len, unsigned flags);
	void *dest;
	const void *src;
	size_t len;
	int c;
	unsigned flags;
};

struct stepped {
	pid_t pid;
	struct job *job;
	char *memory;
	unsigned long steps; /* number of instructions executed in all jobs so far */
};

typedef void watch_fn(const struct insn *insn, void *arg);

#define BREAKPOINT 0xcc /* int3: after its trap the instruction pointer is behind it */

static __attribute__((noinline, noreturn)) void stepped_serve(const struct job *job)
{
	for (;;) {
		__asm__ volatile("int3" ::: "memory");
		cpu = job->cpu;
		if (job->drain)
			job->drain();
		else if (job->flush)
			job->flush(job->dest, job->len);
		else if (job->move)
			job->move(job->dest, job->src, job->len, job->flags);
		else
			job->set(job->dest, job->c, job->len, job->flags);
	}
}

/* Waits until the child stops. Returns the signal that stopped it; 0 if it has ended. */
static int stepped_wait(const struct stepped *child)
{
	int status;

	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			bail("waitpid: %s", strerror(errno));
	return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static void stepped_resume(const struct stepped *child, int request)
{
	if (ptrace(request, child->pid, NULL, NULL))
		bail("ptrace: %s", strerror(errno));
}

/* Lets the child run to the breakpoint between two jobs. */
static void stepped_rest(const struct stepped *child)
{
	int stopped_by;

	stepped_resume(child, PTRACE_CONT);
	stopped_by = stepped_wait(child);
	if (stopped_by != SIGTRAP)
		bail("the child got signal %d between two jobs", stopped_by);
}

static void stay_on_one_cpu(void)
{
	int here = sched_getcpu();
	cpu_set_t only;

	CPU_ZERO(&only);
	if (here >= 0 && here < CPU_SETSIZE)
		CPU_SET(here, &only);
	/* Ignore a failure: it only makes the test slower. */
	sched_setaffinity(0, sizeof(only), &only);
}

static struct stepped stepped_start(size_t size)
{
	const size_t page = 4096;
	struct stepped child = {.steps = 0};
	char *map =
		mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		bail("mmap: %s", strerror(errno));
	child.job = (struct job *)map;
	child.memory = map + page;
	stay_on_one_cpu();
	fflush(stdout);
	child.pid = fork();
	if (child.pid < 0)
		bail("fork: %s", strerror(errno));
	if (child.pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(1);
		stepped_serve(child.job);
	}
	if (!stepped_wait(&child))
		skip_all("ptrace(2) is not permitted on this machine");
	if (ptrace(PTRACE_SETOPTIONS, child.pid, NULL, PTRACE_O_EXITKILL))
		bail("ptrace: %s", strerror(errno));
	stepped_rest(&child);
	return child;
}

static struct insn_regs insn_regs_of_user(const struct user_regs_struct *user)
{
	return (struct insn_regs){
		.general = {user->rax, user->rcx, user->rdx, user->rbx, user->rsp, user->rbp,
			user->rsi, user->rdi, user->r8, user->r9, user->r10, user->r11, user->r12,
			user->r13, user->r14, user->r15},
		.rip = user->rip,
	};
}

static void stepped_registers(const struct stepped *child, struct user_regs_struct *user)
{
	if (ptrace(PTRACE_GETREGS, child->pid, NULL, user))
		bail("ptrace: %s", strerror(errno));
}

/*
 * Does a MOVDIR64B for the child, on a CPU without that instruction. The source is read by ptrace
 * because it may be on the child's own stack.
 */
static void stepped_movdir64b(
	const struct stepped *child, const struct insn *insn, struct user_regs_struct user)
{
	long words[8];

	if (insn->kind != INSN_MOVDIR64B || insn->addr % 64)
		bail("the child met an invalid opcode at %#llx, or a MOVDIR64B to an unaligned address",
			(unsigned long long)user.rip);
	for (size_t i = 0; i < 8; i++)
		words[i] = ptrace(PTRACE_PEEKDATA, child->pid, insn->from + i * 8, NULL);
	memcpy((void *)insn->addr, words, sizeof(words));
	user.rip += insn->length;
	if (ptrace(PTRACE_SETREGS, child->pid, NULL, &user))
		bail("ptrace: %s", strerror(errno));
}

static void stepped_run(struct stepped *child, watch_fn *watch, void *arg)
{
	struct user_regs_struct user;

	for (stepped_registers(child, &user); *(const uint8_t *)user.rip != BREAKPOINT;
		stepped_registers(child, &user)) {
		struct insn_regs regs = insn_regs_of_user(&user);
		struct insn insn = insn_decode((const void *)user.rip, &regs);
		int stopped_by;

		stepped_resume(child, PTRACE_SINGLESTEP);
		stopped_by = stepped_wait(child);
		if (stopped_by == SIGILL)
			stepped_movdir64b(child, &insn, user);
		else if (stopped_by != SIGTRAP)
			bail("the child got signal %d at %#llx", stopped_by,
				(unsigned long long)user.rip);
		child->steps++;
		watch(&insn, arg);
	}
	stepped_rest(child);
}

static void stepped_end(struct stepped *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

#endif
