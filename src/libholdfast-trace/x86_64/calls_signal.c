/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_signal.c - calls that set the program's handler of SIGTRAP, or block signals
 *
 * If a program hits a probe while SIGTRAP is blocked, the kernel ends it. So the calls that block
 * signals leave SIGTRAP out. The program's handler for SIGTRAP is kept here, and called for traps
 * that are not from probes.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/x86_64/probes.h"

#define NEXT(name) FOUND(next_function, __typeof__(name), #name)

static bool is_ours; /* the recorder has installed its handler of SIGTRAP */
static struct sigaction programs = {.sa_handler = SIG_DFL};
static uint32_t lock; /* protects `programs` */

/* Returns the program's action for SIGTRAP. If `action` is not NULL, makes it the new action. */
static struct sigaction exchange(const struct sigaction *action)
{
	sigset_t all, before;

	/* block all signals, because a handler that runs now might wait for the lock for ever */
	memset(&all, 0xff, sizeof(all));
	syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, &all, &before, 8L);
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
	struct sigaction was = programs;
	if (action)
		programs = *action;
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	syscall(SYS_rt_sigprocmask, (long)SIG_SETMASK, &before, NULL, 8L);
	return was;
}

void signal_after_fork(void)
{
	lock = 0;
}

void signal_take_trap(const struct sigaction *action)
{
	sigset_t trap;

	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	NEXT(sigaction)(SIGTRAP, action, &programs);
	is_ours = true;
	/* SIGTRAP may be blocked since before the program started: unblock it. */
	syscall(SYS_rt_sigprocmask, (long)SIG_UNBLOCK, &trap, NULL, 8L);
}

static void end_by_trap(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	NEXT(sigaction)(SIGTRAP, &action, NULL);
	syscall(SYS_tgkill, (long)getpid(), syscall(SYS_gettid), (long)SIGTRAP);
}

static const sigset_t *without_trap(const sigset_t *set, sigset_t *copy)
{
	if (!set || !is_ours)
		return set;
	*copy = *set;
	sigdelset(copy, SIGTRAP);
	return copy;
}

void signal_pass_on(int number, siginfo_t *info, void *context)
{
	struct sigaction action = exchange(NULL);
	sigset_t copy;

	if (action.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	if (action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL) {
		end_by_trap();
		return;
	}
	if (action.sa_flags & SA_RESETHAND)
		exchange(&(struct sigaction){.sa_handler = SIG_DFL});
	syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, without_trap(&action.sa_mask, &copy), NULL,
		8L);
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(number, info, context);
	else
		action.sa_handler(number);
}

/* ---- the calls */

EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction copy;

	if (is_ours && number == SIGTRAP) {
		struct sigaction was = exchange(action);
		if (old)
			*old = was;
		return 0;
	}
	if (action && is_ours) {
		copy = *action;
		sigdelset(&copy.sa_mask, SIGTRAP);
		action = &copy;
	}
	return NEXT(sigaction)(number, action, old);
}

#define SIGNAL(name, flags)                                                                        \
	EXPORT sighandler_t name(int number, sighandler_t handler)                                 \
	{                                                                                          \
		if (!is_ours || number != SIGTRAP)                                                 \
			return NEXT(name)(number, handler);                                        \
		struct sigaction action = {.sa_handler = handler, .sa_flags = (int)(flags)};       \
		return exchange(&action).sa_handler;                                               \
	}

SIGNAL(signal, SA_RESTART)
SIGNAL(ssignal, SA_RESTART)
SIGNAL(__sysv_signal, SA_RESETHAND | SA_NODEFER)
SIGNAL(sysv_signal, SA_RESETHAND | SA_NODEFER)

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;

	return NEXT(sigprocmask)(how, how == SIG_UNBLOCK ? set : without_trap(set, &copy), old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t copy;

	return NEXT(pthread_sigmask)(how, how == SIG_UNBLOCK ? set : without_trap(set, &copy), old);
}

EXPORT int pthread_attr_setsigmask_np(pthread_attr_t *attributes, const sigset_t *set)
{
	sigset_t copy;

	return NEXT(pthread_attr_setsigmask_np)(attributes, without_trap(set, &copy));
}

/*
 * sigsuspend(2) and similar calls block signals while they wait: leave SIGTRAP out of these masks,
 * too.
 */
EXPORT int sigsuspend(const sigset_t *set)
{
	sigset_t copy;

	return NEXT(sigsuspend)(without_trap(set, &copy));
}

EXPORT int ppoll(
	struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *set)
{
	sigset_t copy;

	return NEXT(ppoll)(fds, count, timeout, without_trap(set, &copy));
}

EXPORT int pselect(int count, fd_set *reads, fd_set *writes, fd_set *others,
	const struct timespec *timeout, const sigset_t *set)
{
	sigset_t copy;

	return NEXT(pselect)(count, reads, writes, others, timeout, without_trap(set, &copy));
}

EXPORT int epoll_pwait(
	int fd, struct epoll_event *events, int most, int timeout, const sigset_t *set)
{
	sigset_t copy;

	return NEXT(epoll_pwait)(fd, events, most, timeout, without_trap(set, &copy));
}
