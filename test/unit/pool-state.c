/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool-state.c - tests the state file of a pool: its text, its folder, its path, and the process
 * that holds its lock
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "pool/stamp.h"
#include "pool/state.h"
#include "pooldir.h"

static struct pool_state some_state(void)
{
	struct pool_state state = {.generation = UINT64_MAX,
		.unclosed = true,
		.stamped = true,
		.inconsistent = true,
		.since = 1,
		.missing = UINT64_MAX - 1,
		.extent = UINT64_MAX};

	memset(state.identity, 0x0f, sizeof(state.identity));
	memset(state.session, 0xf0, sizeof(state.session));
	return state;
}

static bool same(const struct pool_state *a, const struct pool_state *b)
{
	return !memcmp(a->identity, b->identity, sizeof(a->identity)) &&
	       a->generation == b->generation && state_same_secret(a->session, b->session) &&
	       a->unclosed == b->unclosed && a->stamped == b->stamped &&
	       a->inconsistent == b->inconsistent && a->since == b->since &&
	       a->missing == b->missing && a->extent == b->extent;
}

static void test_text(void)
{
	struct pool_state state = some_state(), got = {.generation = 7};
	char text[STATE_TEXT], changed[STATE_TEXT];
	int refused = 0, changes = 0;

	state_format(&state, text);
	size_t length = strlen(text);
	for (size_t cut = 0; cut < length; cut++)
		refused += state_parse(text, cut, "x", &got) == -EBADMSG;
	is_int(refused, length, "state_parse: a text that is truncated anywhere is refused");
	is_int(got.generation, 7, "state_parse: the output is unchanged on failure");
	ok(!state_parse(text, length, "x", &got) && same(&got, &state),
		"state_parse: a state reads back as it was written");
	/*
	 * If one character of the text is changed, state_parse() must refuse the text, or return
	 * another state: no state has two texts.
	 */
	for (size_t i = 0; i < length; i++) {
		memcpy(changed, text, length + 1);
		changed[i] ^= 1;
		changes += state_parse(changed, length, "x", &got) || !same(&got, &state);
	}
	is_int(changes, length,
		"state_parse: a text with a changed character is refused or gives another state");
	state.missing = 8;
	state.extent = 7;
	state_format(&state, text);
	is_int(state_parse(text, strlen(text), "x", &got), -EBADMSG,
		"state_parse: a state that says that 8 bytes are missing within a range of 7 bytes is refused");
	state.inconsistent = false;
	state.missing = state.extent = 0;
	state_format(&state, text);
	is_int(state_parse(text, strlen(text), "x", &got), -EBADMSG,
		"state_parse: the state of a consistent pool is refused if it says since when the pool is inconsistent");
}

static void test_file(void)
{
	struct pool_state state = some_state(), got;
	char *path, *other;
	struct stat st;

	pooldir_write("a.set", "PMEMPOOLSET\n2M @/part\n");
	if (mkdir(pooldir_path("sub"), 0755) || symlink("../a.set", pooldir_path("sub/link.set")))
		bail("cannot make a link: %m");
	is_int(state_path(NULL, pooldir_root, "a.set", &path), 0,
		"state_path: the path of the state of a set is found");
	if (!pooldir_follows_links()) {
		skip("state_path: a set has one state file, whatever name leads to the set",
			"without openat2(2) symbolic links are not followed");
	} else {
		is_int(state_path(NULL, pooldir_root, "sub/link.set", &other), 0,
			"state_path: the path is found through a symbolic link to the set");
		is_str(path, other,
			"state_path: a set has one state file, whatever name leads to the set");
		free(other);
	}
	is_int(state_path(NULL, pooldir_root, "../a.set", &other), -EINVAL,
		"state_path: a name that leads out of the folder is refused");
	is_int(state_read(path, &got), -ENOENT, "state_read: a missing file gives ENOENT");
	is_int(state_write(path, &state), 0,
		"state_write: makes the folder and the file of the state");
	ok(!state_read(path, &got) && same(&got, &state),
		"state_read: a state reads back as it was written");
	ok(!stat(pooldir_path(STATE_FOLDER), &st) && (st.st_mode & 0777) == 0700,
		"state folder: only its owner has permissions for it");
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600,
		"state file: only its owner has permissions for it");
	state.generation = 8;
	pooldir_write(STATE_FOLDER "/a.set.new", "left by a process that was killed");
	is_int(state_write(path, &state), 0,
		"state_write: a temporary file that is left over is replaced");
	ok(!state_read(path, &got) && got.generation == 8, "state_write: replaces the state file");
	is_int(state_remove(path), 0, "state_remove: removes the state file");
	is_int(state_remove(path), 0, "state_remove: succeeds if the state file is missing");
	is_int(state_read(path, &got), -ENOENT, "state_read: a file that was removed gives ENOENT");
	free(path);
}

/* Forks a child that holds the lock, tells this process so, and waits for a signal. */
static pid_t holder(const char *path, bool stubborn)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		bail("pipe: %m");
	pid_t child = fork();
	if (!child) {
		if (stubborn)
			signal(SIGTERM, SIG_IGN);
		if (state_hold(path) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bail("the child does not hold the lock");
	close(ready[0]);
	return child;
}

/*
 * True if this signal has already ended the child. A child that still runs is killed, so that it
 * has ended in any case.
 */
static bool ended_by(pid_t child, int signal)
{
	int status;

	if (waitpid(child, &status, WNOHANG) == child)
		return WIFSIGNALED(status) && WTERMSIG(status) == signal;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return false;
}

/*
 * True if pidfd_open(2) and pidfd_send_signal(2) work. They do not under Valgrind (version 3.19
 * lacks the first and 3.24 the second), under emulators of other processors, and before Linux 5.3.
 */
static bool process_descriptors_work(void)
{
	int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
	bool work = process >= 0 && !syscall(SYS_pidfd_send_signal, process, 0, NULL, 0);

	if (process >= 0)
		close(process);
	return work;
}

static void test_old_kernel(const char *path, const uint8_t *session)
{
	pid_t child = holder(path, false);

	is_int(state_take_over(path, session, 2000), -EBUSY,
		"state_take_over: without pidfd_send_signal(2) the process that holds the lock is not ended");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	is_int(state_take_over(path, session, 2000), 0,
		"state_take_over: without pidfd_send_signal(2) a lock is free if the process that held it has ended");
	skip("state_take_over: a process that holds the lock for the given session is ended",
		"pidfd_open(2) or pidfd_send_signal(2) is not available here");
}

static void test_lock(void)
{
	struct pool_state state = some_state();
	uint8_t wrong[STATE_SECRET_SIZE] = {0};
	int status;
	char *path;

	if (state_path(NULL, pooldir_root, "a.set", &path) || state_write(path, &state))
		bail("%s", err_get());
	is_int(state_take_over(path, state.session, 2000), 0,
		"state_take_over: if nobody holds the lock, no process is ended");
	if (!process_descriptors_work()) {
		test_old_kernel(path, state.session);
		state_remove(path);
		free(path);
		return;
	}
	pid_t child = holder(path, false);
	is_int(state_hold(path), -EAGAIN,
		"state_hold: a second process that wants to hold the lock is refused");
	is_int(state_take_over(path, wrong, 2000), -EBUSY,
		"state_take_over: a process that holds the lock for another session is not ended");
	ok(!kill(child, 0) && !waitpid(child, &status, WNOHANG),
		"state_take_over: a process that holds the lock for another session keeps running");
	is_int(state_take_over(path, state.session, 2000), 0,
		"state_take_over: a process that holds the lock for the given session is ended");
	ok(ended_by(child, SIGTERM),
		"state_take_over: a process that holds the lock for the given session is ended by SIGTERM");
	is_int(state_take_over(path, state.session, 2000), 0,
		"state_take_over: a lock is free if the process that held it has ended");
	child = holder(path, true);
	is_int(state_take_over(path, state.session, 400), 0,
		"state_take_over: a process that holds the lock and ignores SIGTERM is ended, too");
	ok(ended_by(child, SIGKILL),
		"state_take_over: a process that holds the lock and ignores SIGTERM is ended by SIGKILL");
	int fd = state_hold(path);
	ok(fd >= 0, "state_hold: the lock can be taken after the process that held it was ended");
	close(fd);
	state_remove(path);
	free(path);
}

static struct pool *make_pool(struct pool_set *set)
{
	struct pool *pool;

	if (pool_create(set, 2 << 20, NULL, &pool))
		bail("pool_create: %s", err_get());
	return pool;
}

/*
 * A child begins to remove a set that has no parts, and so no lock. Then this process makes the
 * pool of the set: the state of this pool must not be removed.
 */
static void test_removed_while_made(void)
{
	struct pool_set *set = pooldir_set("r.set", "OPTION NOHDRS\n2M @/r1\n");
	struct pool_state state = some_state();
	int status;
	char *path;

	if (state_path(NULL, pooldir_root, "r.set", &path) || state_write(path, &state))
		bail("%s", err_get());
	int folder = open(pooldir_path(STATE_FOLDER), O_RDONLY | O_DIRECTORY);
	if (folder < 0 || flock(folder, LOCK_SH))
		bail("cannot lock the folder of states: %m");
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		close(folder);
		_exit(-pool_remove_with_state(NULL, pooldir_root, "r.set", POOL_REMOVE_FORCE));
	}
	usleep(100000);
	struct pool *pool = make_pool(set);
	close(folder);
	ok(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == EBUSY,
		"pool_remove_with_state: with FORCE, a pool that another process makes meanwhile gives EBUSY");
	ok(!access(path, F_OK),
		"pool_remove_with_state: the state of a pool that is made meanwhile is kept");
	pool_close(pool);
	is_int(pool_remove_with_state(NULL, pooldir_root, "r.set", 0), 0,
		"pool_remove_with_state: a pool is removed");
	ok(access(path, F_OK),
		"pool_remove_with_state: the state of a removed pool is removed, too");
	if (state_write(path, &state))
		bail("%s", err_get());
	is_int(pool_remove_with_state(NULL, pooldir_root, "r.set", POOL_REMOVE_FORCE), 0,
		"pool_remove_with_state: with FORCE removing a set without parts succeeds");
	ok(access(path, F_OK),
		"pool_remove_with_state: with FORCE the state of a set without parts is removed");
	pool_set_free(set);
	free(path);
}

static void test_stamps(void)
{
	struct pool_set *set = pooldir_set("n.set", "OPTION NOHDRS\n2M @/n1\n2M @/n2\n");
	struct pool_state state = some_state();
	struct pool *pool = make_pool(set);

	state.generation = 5;
	state.stamped = stamp_set(pool, &state, "/");
	if (!state.stamped) {
		skip("stamp_check: parts stamped with the expected generation (number of the session) are accepted",
			"the file system has no extended attributes");
	} else {
		is_int(stamp_check(pool, &state, 5), 0,
			"stamp_check: parts stamped with the expected generation (number of the session) are accepted");
		is_int(stamp_check(pool, &state, 4), 0,
			"stamp_check: parts stamped with a later generation (number of the session) are accepted");
		is_int(stamp_check(pool, &state, 6), -ESTALE,
			"stamp_check: parts stamped with an earlier generation (number of the session) are stale");
		state.identity[0]++;
		is_int(stamp_check(pool, &state, 5), -ESTALE,
			"stamp_check: parts that were stamped for another pool are stale");
	}
	pool_discard(pool);
	pool = make_pool(set);
	is_int(stamp_check(pool, &state, 5), state.stamped ? -ESTALE : 0,
		"stamp_check: a pool is stale if one of its parts has lost its stamp, an extended attribute");
	state.stamped = false;
	is_int(stamp_check(pool, &state, 5), 0,
		"stamp_check: parts without stamps are accepted if the state file says that not all parts have one");
	pool_discard(pool);
	pool_set_free(set);
}

int main(void)
{
	pooldir_open(NULL);
	test_text();
	test_file();
	test_lock();
	test_removed_while_made();
	test_stamps();
	pooldir_close();
	return tap_done();
}
