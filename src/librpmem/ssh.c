/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "librpmem/clock.h"

#define STOP_GRACE_MS 1000 /* time between SIGTERM and SIGKILL */

extern char **environ;

/*
 * Sockets instead of pipes, since a write to a closed socket can be made without raising SIGPIPE.
 */
struct ends {
	int ours[3], its[3];
};

static void close_all(int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int make_ends(struct ends *ends)
{
	memset(ends, -1, sizeof(*ends));
	for (int i = 0; i < 3; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
			int rc = err_sys("cannot make sockets for ssh");
			close_all(ends->ours);
			close_all(ends->its);
			return rc;
		}
		ends->ours[i] = pair[0];
		ends->its[i] = pair[1];
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

/* Move descriptors to numbers above 2: dup2() to the same number would not clear close-on-exec. */
static int raise_ends(int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] > 2)
			continue;
		int higher = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (higher < 0)
			return err_sys("cannot duplicate descriptors for ssh");
		close(fds[i]);
		fds[i] = higher;
	}
	return 0;
}

static int fill_actions(posix_spawn_file_actions_t *actions, const int its[3])
{
	int error = 0;

	for (int i = 0; !error && i < 3; i++)
		error = posix_spawn_file_actions_adddup2(actions, its[i], i);
#ifdef HAVE_ADDCLOSEFROM
	/*
	 * Close the descriptors that ssh would inherit because the program opened them without
	 * close-on-exec.
	 */
	if (!error)
		error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
	return error;
}

static int fill_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	int error = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!error)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (!error)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (!error)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	return error;
}

static int spawn(pid_t *pid, char *const argv[], const int its[3])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error)
		goto no_attributes;
	error = fill_actions(&actions, its);
	if (!error)
		error = fill_attributes(&attributes);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
no_attributes:
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Run ssh for [user@]host. "--" comes first, so that a host cannot be taken for an option. */
static int run(pid_t *pid, const char *program, const struct target *target, const char *command,
	const int its[3])
{
	char whom[sizeof(target->user) + sizeof(target->host)];
	const char *argv[9];
	int argc = 0;

	snprintf(
		whom, sizeof(whom), "%s%s%s", target->user, *target->user ? "@" : "", target->host);
	argv[argc++] = program;
	if (*target->port) {
		argv[argc++] = "-p";
		argv[argc++] = target->port;
	}
	argv[argc++] = "-T";
	argv[argc++] = "-oBatchMode=yes";
	argv[argc++] = "--";
	argv[argc++] = whom;
	argv[argc++] = command;
	argv[argc] = NULL;
	return spawn(pid, (char *const *)argv, its);
}

static int start(
	struct ssh *ssh, const char *program, const struct target *target, const char *command)
{
	struct ends ends;
	int rc = make_ends(&ends);

	if (rc)
		return rc;
	rc = raise_ends(ends.its);
	if (!rc) {
		int error = run(&ssh->pid, program, target, command, ends.its);
		if (error) {
			errno = error;
			rc = err_sys("cannot run %s", program);
			/*
			 * These errors mean that this process lacks resources, not that the
			 * program cannot be run.
			 */
			if (error != EAGAIN && error != ENOMEM && error != EMFILE)
				rc = -ECONNRESET;
		}
	}
	close_all(ends.its);
	if (rc) {
		close_all(ends.ours);
		return rc;
	}
	ssh->in = ends.ours[0];
	ssh->out = ends.ours[1];
	ssh->err = ends.ours[2];
	memcpy(ssh->entry.fds, ends.ours, sizeof(ends.ours));
	fork_list(&ssh->entry);
	return 0;
}

int ssh_start(
	struct ssh *ssh, const char *program, const struct target *target, const char *command)
{
	sigset_t before;

	fork_hold(&before);
	int rc = start(ssh, program, target, command);
	fork_release(&before);
	return rc;
}

/* True if ssh has ended, even if the program has reaped it by waiting for all of its children. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	/*
	 * WNOWAIT leaves an ended ssh unreaped, so that no other process or group can get its
	 * number.
	 */
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

static bool wait_ended(pid_t pid, int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	int slice = 1;

	while (!has_ended(pid)) {
		int left = clock_left(deadline);
		if (!left)
			return false;
		poll(NULL, 0, slice < left ? slice : left);
		slice = slice < 16 ? slice * 2 : slice;
	}
	return true;
}

static bool reaped_by_program(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && errno == ECHILD;
}

/*
 * End ssh and all that it has started, such as a proxy, which may not notice that ssh has ended.
 */
static void end_group(pid_t pid)
{
	if (reaped_by_program(pid))
		return;
	kill(-pid, SIGTERM);
	wait_ended(pid, STOP_GRACE_MS);
	if (reaped_by_program(pid))
		return;
	kill(-pid, SIGKILL);
	wait_ended(pid, STOP_GRACE_MS);
}

static void close_ours(struct ssh *ssh)
{
	sigset_t before;

	fork_hold(&before);
	fork_unlist(&ssh->entry);
	close_all(ssh->entry.fds);
	fork_release(&before);
}

void ssh_stop(struct ssh *ssh, int timeout_ms)
{
	/*
	 * close(2) is not enough: a child that was made without fork handlers may have a copy
	 * open.
	 */
	shutdown(ssh->in, SHUT_WR);
	if (!wait_ended(ssh->pid, timeout_ms))
		end_group(ssh->pid);
	while (waitpid(ssh->pid, NULL, WNOHANG) < 0 && errno == EINTR)
		;
	close_ours(ssh);
}
