/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/say.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Size of the kernel's set of signals, in bytes. */
#define SIGNALS_SIZE 8

static bool is_pending(int signal)
{
	sigset_t pending;

	return !sigpending(&pending) && sigismember(&pending, signal) == 1;
}

/*
 * Remove the signal that a failed write has sent to this thread. Do not use sigtimedwait(3) for
 * that: it is a cancellation point.
 */
static void take_back(int signal)
{
	static const struct timespec now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	syscall(SYS_rt_sigtimedwait, &set, NULL, &now, SIGNALS_SIZE);
}

/*
 * Block SIGPIPE and SIGXFSZ in this thread: the kernel sends one of them to the thread whose write
 * fails. A signal that was pending before stays pending: a thread can have only one pending signal
 * of each number.
 */
void say_begin(struct say_guard *guard)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGPIPE);
	sigaddset(&blocked, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &blocked, &guard->before);
	guard->pipe_waits = is_pending(SIGPIPE);
	guard->size_waits = is_pending(SIGXFSZ);
}

void say_end(const struct say_guard *guard, int error)
{
	if (error == EPIPE && !guard->pipe_waits)
		take_back(SIGPIPE);
	if (error == EFBIG && !guard->size_waits)
		take_back(SIGXFSZ);
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

void say(int fd, const char *text, size_t length)
{
	int saved = errno;
	struct say_guard guard;

	say_begin(&guard);
	say_end(&guard, write(fd, text, length) < 0 ? errno : 0);
	errno = saved;
}
