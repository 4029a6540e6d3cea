/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * The place to jump to if a store fails; not NULL while a guard runs on this thread. As a
 * thread-local variable of the program, and not of a library, it is accessed without allocating
 * memory, also in a signal handler.
 */
static __thread sigjmp_buf *escape;

/*
 * The memory of the pool: a fault is only caught if it lies there. Does not change while workers
 * run.
 */
static struct {
	uintptr_t from, to;
} pool;

static const char last_words[] =
	"rpmemd: the network's adapter could not store to the pool: a disk is full, or memory is bad\n";

static void on_fault(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	if (info->si_code > 0 && at >= pool.from && at < pool.to) {
		if (escape) {
			/*
			 * Restore the signal mask before the jump: sigsetjmp() has not saved it,
			 * and under a sanitizer all signals are blocked in a handler.
			 */
			sigprocmask(SIG_SETMASK, &((ucontext_t *)context)->uc_sigmask, NULL);
			siglongjmp(*escape, 1);
		}
		ssize_t said = write(STDERR_FILENO, last_words, strlen(last_words));
		(void)said;
	}
	/*
	 * No guard runs: set the default action. The process is then ended when the access is
	 * repeated or, if another process has sent the signal, by raise().
	 */
	signal(number, SIG_DFL);
	if (info->si_code <= 0)
		raise(number);
}

void fault_init(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

void fault_watch(const void *base, size_t size)
{
	pool.from = (uintptr_t)base;
	pool.to = base ? pool.from + size : 0;
}

bool fault_guard(void (*body)(void *arg), void *arg)
{
	sigjmp_buf here;

	escape = &here;
	if (sigsetjmp(here, 0)) {
		escape = NULL;
		return false;
	}
	body(arg);
	escape = NULL;
	return true;
}
