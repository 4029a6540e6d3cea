/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/say.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Bytes of the kernel's set of signals. */
#define SIGNALS_SIZE 8

static bool is_pending(int signal)
{
	sigset_t pending;

	return !sigpending(&pending) && sigismember(&pending, signal) == 1;
}

/*
 * Take back the signal that a failed write has sent to this thread. Not by sigtimedwait(3), where a
 * thread may be cancelled.
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
 * The kernel sends the signal to the thread that writes, which has it blocked meanwhile. One that
 * was waiting before is left waiting: a thread can have only one of each.
 */
void say(int fd, const char *text, size_t length)
{
	int saved = errno;
	sigset_t blocked, before;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGPIPE);
	sigaddset(&blocked, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &blocked, &before))
		return;
	bool pipe_waits = is_pending(SIGPIPE), size_waits = is_pending(SIGXFSZ);
	if (write(fd, text, length) < 0) {
		if (errno == EPIPE && !pipe_waits)
			take_back(SIGPIPE);
		if (errno == EFBIG && !size_waits)
			take_back(SIGXFSZ);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
}
