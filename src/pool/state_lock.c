/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state_lock.c - find and end the process that serves a session
 *
 * That process holds a lock of fcntl(2) on a file beside the state file, from when the state file
 * names its session until it is about to close the pool. The kernel tells which process that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"
#include "pool/state.h"

/* Time for the process to end by itself, in ms: it has to close its lanes and its pool. */
#define GENTLE_MS 1000

static int open_lock(const char *path, int flags)
{
	char *lock;
	int length = (int)strlen(path) - (int)strlen(".state");

	if (asprintf(&lock, "%.*s.lock", length, path) < 0)
		return err_set(-ENOMEM, "out of memory for the state of a pool");
	int fd = open(lock, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		fd = err_sys("cannot open %s", lock);
	free(lock);
	return fd;
}

int state_hold(const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_lock(path, O_RDWR | O_CREAT);

	if (fd < 0 || !fcntl(fd, F_SETLK, &whole))
		return fd;
	int error = err_sys("cannot lock the state of a pool beside %s", path);
	close(fd);
	return error;
}

/*
 * The process that holds the lock; 0 if no process holds it, or one that is not visible from here,
 * such as in another PID namespace.
 */
static pid_t holder(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &whole) || whole.l_type == F_UNLCK || whole.l_pid < 0)
		return 0;
	return whole.l_pid;
}

/* True if the process has ended by `timeout_ms` from now. */
static bool has_ended(int process, int timeout_ms)
{
	struct pollfd wait = {process, POLLIN, 0};

	return poll(&wait, 1, timeout_ms) > 0;
}

static int end_process(int process, pid_t pid, int timeout_ms)
{
	int gentle = timeout_ms / 4 < GENTLE_MS ? timeout_ms / 4 : GENTLE_MS;

	log_notice("ending process %d, which has served the session to be resumed", (int)pid);
	if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) && errno != ESRCH)
		return err_set(
			-EBUSY, "process %d has the pool open and cannot be ended: %m", (int)pid);
	if (has_ended(process, gentle))
		return 0;
	syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
	if (has_ended(process, timeout_ms / 2))
		return 0;
	return err_set(
		-EBUSY, "process %d has the pool open and has not ended after SIGKILL", (int)pid);
}

/*
 * The order matters. First open a descriptor of the process, so that no other process can get the
 * same process id. Then look at the lock again, and at the state file last. A secret that was
 * replaced never comes back: if the state file has the secret now, then the process held the lock
 * for that session.
 */
static int end_holder(int fd, const char *path, const uint8_t *session, int timeout_ms)
{
	struct pool_state state;
	pid_t pid = holder(fd);
	int process = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, error = 0;

	if (process < 0 && pid && errno == ENOSYS)
		return err_set(-EBUSY,
			"process %d has the pool open, and this kernel cannot end it safely: it lacks pidfd_open(2)",
			(int)pid);
	if (process < 0)
		return 0;
	if (holder(fd) == pid && !state_read(path, &state)) {
		if (state_same_secret(state.session, session))
			error = end_process(process, pid, timeout_ms);
		else
			error = err_set(-EBUSY, "process %d has the pool open for another session",
				(int)pid);
	}
	close(process);
	return error;
}

int state_take_over(const char *path, const uint8_t session[STATE_SECRET_SIZE], int timeout_ms)
{
	int fd = open_lock(path, O_RDWR);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	int error = end_holder(fd, path, session, timeout_ms);
	close(fd);
	return error;
}
