/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * say.c - test that say() survives errors of its output, and does not affect the program's signals
 */
#include "base/say.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static int broken_pipe(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		bail("pipe: %m");
	close(fds[0]);
	return fds[1];
}

/* Opens a file whose size is at the process's limit (RLIMIT_FSIZE): writing raises SIGXFSZ. */
static int full_file(void)
{
	char name[] = "/tmp/holdfast-say-XXXXXX";
	struct rlimit limit = {4096, RLIM_INFINITY};
	int fd = mkostemp(name, O_CLOEXEC | O_APPEND);

	if (fd < 0 || unlink(name) || ftruncate(fd, 4096) || getrlimit(RLIMIT_FSIZE, &limit))
		bail("no file: %m");
	limit.rlim_cur = 4096;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		bail("setrlimit: %m");
	return fd;
}

/*
 * Forks a child that calls say() with the descriptor that open_fd() returns. Returns the child's
 * wait status.
 */
static int child_says(int (*open_fd)(void), int times)
{
	pid_t child = fork();
	int status;

	if (!child) {
		signal(SIGPIPE, SIG_DFL);
		signal(SIGXFSZ, SIG_DFL);
		int fd = open_fd();
		errno = 77;
		while (times--)
			say(fd, "hello\n", 6);
		_exit(errno == 77 ? 0 : 1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		bail("fork: %m");
	return status;
}

static volatile sig_atomic_t handled;

static void on_pipe(int signal)
{
	handled++;
}

static bool pipe_is_pending(void)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, SIGPIPE);
}

static void own_signals(void)
{
	sigset_t set, now;
	int fd = broken_pipe();

	signal(SIGPIPE, on_pipe);
	say(fd, "hello\n", 6);
	is_int(handled, 0, "say: the program's handler of SIGPIPE is not called for a message");
	if (write(fd, "x", 1) >= 0 || errno != EPIPE)
		bail("the pipe is not broken");
	is_int(handled, 1, "say: a later write(2) of the program raises SIGPIPE as usual");
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	say(fd, "hello\n", 6);
	ok(!pipe_is_pending(), "say: leaves no SIGPIPE pending if the program has blocked it");
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGPIPE) && !sigismember(&now, SIGXFSZ),
		"say: does not change the signal mask of the thread");
	raise(SIGPIPE);
	say(fd, "hello\n", 6);
	ok(pipe_is_pending(), "say: a SIGPIPE that was pending before stays pending");
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	is_int(handled, 2, "say: a SIGPIPE that was pending before is delivered once");
	close(fd);
}

int main(void)
{
	is_int(child_says(broken_pipe, 3), 0,
		"say: a pipe without a reader does not end the process or change errno");
	is_int(child_says(full_file, 3), 0,
		"say: a file at the size limit does not end the process or change errno");
	own_signals();
	int fds[2];
	char got[8] = "";
	if (pipe2(fds, O_CLOEXEC))
		bail("pipe: %m");
	say(fds[1], "hello", 5);
	is_int(read(fds[0], got, sizeof(got)), 5,
		"say: a message to a pipe with a reader is written");
	return tap_done();
}
