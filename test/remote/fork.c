/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork.c - tests that a pool belongs to the process that has opened it: children of this process
 * can neither use nor disturb the pool. If a thread is cancelled in a call, the pool still works
 * and can be closed.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "fixture.h"

static char *pool;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Makes a child by clone(2), which runs no pthread_atfork() handlers. */
static pid_t fork_unheard(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int status_of(pid_t child)
{
	int status = -1;

	if (child < 0)
		bail("cannot fork: %m");
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool refused(int rc)
{
	char want[64];

	snprintf(want, sizeof(want), "only process %d, which opened this pool, can use it",
		(int)getppid());
	return rc == -1 && errno == ENOTCONN && strstr(rpmem_errormsg(), want);
}

/* Runs in a child. Returns the number, from 1, of the first call that is not refused, or 0. */
static int try_calls(RPMEMpool *rpp)
{
	struct rpmem_pool_attr attr = attributes(2);
	struct holdfast_remote *remote;
	char byte;

	return !refused(rpmem_flush(rpp, 4096, 64, 0, 0))       ? 1
	       : !refused(rpmem_drain(rpp, 0, 0))               ? 2
	       : !refused(rpmem_persist(rpp, 4096, 64, 0, 0))   ? 3
	       : !refused(rpmem_deep_persist(rpp, 4096, 64, 0)) ? 4
	       : !refused(rpmem_read(rpp, &byte, 4096, 1, 0))   ? 5
	       : !refused(rpmem_set_attr(rpp, &attr))           ? 6
	       : !refused(holdfast_remote_info(rpp, &remote))   ? 7
	       : rpmem_close(rpp)                               ? 8
								: 0;
}

static void test_calls(const char *how, pid_t (*make_child)(void))
{
	RPMEMpool *rpp = created("pool.set", pool, 2, true);

	memset(pool + 4096, 1, POOL - 4096);
	is_int(rpmem_persist(rpp, 4096, 8192, 0, 0), 0,
		"%s: the parent's persist succeeds before the child is made", how);
	pid_t child = make_child();
	if (!child)
		_exit(try_calls(rpp));
	int status = status_of(child);
#ifdef __SANITIZE_THREAD__
	/* The sanitizer does not notice clone(2), and assumes that all threads are in the child. */
	if (make_child == fork_unheard)
		skip("clone: a child's calls on its parent's pool are refused, except rpmem_close()",
			"the thread sanitizer does not notice a child of clone(2)");
	else
#endif
		is_int(status, 0,
			"%s: a child's calls on its parent's pool are refused, except rpmem_close()",
			how);
	is_int(rpmem_persist(rpp, 4096, POOL - 4096, 0, 0), 0,
		"%s: the parent's persist succeeds after the child's rpmem_close()", how);
	is_int(rpmem_close(rpp), 0, "%s: the parent's rpmem_close() succeeds", how);
	is_int(rpmem_remove(HOST, "pool.set", 0), 0, "%s: the parent's rpmem_remove() succeeds",
		how);
}

static void test_living_child(const char *how, pid_t (*make_child)(void))
{
	RPMEMpool *rpp = created("pool.set", pool, 2, true);
	pid_t child = make_child();

	if (!child)
		for (;;)
			pause();
	double began = now();
	is_int(rpmem_close(rpp), 0, "%s: rpmem_close() succeeds while a child of the process lives",
		how);
	ok(now() - began < 3, "%s: rpmem_close() does not wait for the child", how);
	kill(child, SIGKILL);
	status_of(child);
	rpmem_remove(HOST, "pool.set", 0);
}

/*
 * Runs in a new process: creates a pool, forks a child that continues to run, writes the child's
 * process id to `tell`, and kills itself.
 */
static void die_open(int tell)
{
	RPMEMpool *rpp = created("pool.set", pool, 2, true);
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	if (!rpp || write(tell, &child, sizeof(child)) != sizeof(child))
		_exit(1);
	kill(getpid(), SIGKILL);
}

static void test_dead_owner(void)
{
	unsigned nlanes = 1;
	pid_t orphan = 0;
	int ends[2];

	if (pipe(ends))
		bail("cannot make a pipe: %m");
	pid_t owner = fork();
	if (!owner)
		die_open(ends[1]);
	is_int(status_of(owner), 128 + SIGKILL,
		"killed owner of an open pool: SIGKILL has ended the process");
	if (read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan))
		bail("the owner has not written the id of its child");
	double began = now();
	RPMEMpool *rpp;
	do
		rpp = rpmem_open(HOST, "pool.set", pool, POOL, &nlanes, NULL);
	while (!rpp && errno == EBUSY && now() - began < 10);
	ok(rpp, "killed owner of an open pool: the pool opens, although the owner's child still runs");
	if (!rpp)
		diag("%s", rpmem_errormsg());
	kill(orphan, SIGKILL);
	if (rpp)
		rpmem_close(rpp);
	close(ends[0]);
	close(ends[1]);
}

static int use_own_pool(void)
{
	unsigned nlanes = 1;
	RPMEMpool *rpp = rpmem_open(HOST, "pool.set", pool, POOL, &nlanes, NULL);

	if (!rpp || rpmem_persist(rpp, 4096, 64, 0, 0))
		return 1;
	pid_t grandchild = fork();
	if (!grandchild)
		_exit(try_calls(rpp));
	if (status_of(grandchild))
		return 2;
	return rpmem_persist(rpp, 4096, 64, 0, 0) || rpmem_close(rpp) ? 3 : 0;
}

static void test_own_pool(const char *how, pid_t (*make_child)(void))
{
	pid_t child = make_child();

	if (!child)
		_exit(use_own_pool());
	is_int(status_of(child), 0,
		"%s: a child opens a pool of its own, which the child's child cannot use", how);
}

/* -- cancellation -- */

static void *persist_again(void *rpp)
{
	for (;;) {
		rpmem_persist(rpp, 4096, 64 * 1024, 0, 0);
		pthread_testcancel();
	}
	return NULL;
}

static void *set_attr_again(void *rpp)
{
	struct rpmem_pool_attr attr = attributes(3);

	for (;;) {
		rpmem_set_attr(rpp, &attr);
		pthread_testcancel();
	}
	return NULL;
}

static void *open_again(void *unused)
{
	(void)unused;
	for (;;) {
		unsigned nlanes = 1;
		RPMEMpool *rpp = rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL);
		if (rpp)
			rpmem_close(rpp);
		pthread_testcancel();
	}
	return NULL;
}

static void cancel(void *(*work)(void *), RPMEMpool *rpp)
{
	for (unsigned i = 0; i < 25; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, work, rpp))
			bail("cannot create a thread");
		usleep(i * 397 % 4000);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
}

static void test_cancel(void)
{
	RPMEMpool *rpp = opened("pool.set", pool, NULL);

	alarm(60);
	cancel(persist_again, rpp);
	is_int(rpmem_persist(rpp, 4096, POOL - 4096, 0, 0), 0,
		"pthread_cancel: a persist succeeds on the lane of a cancelled rpmem_persist()");
	cancel(set_attr_again, rpp);
	is_int(rpmem_set_attr(rpp, NULL), 0,
		"pthread_cancel: rpmem_set_attr() works after cancelled calls of it");
	RPMEMpool *other = created("plain.set", pool, 1, false);
	rpmem_close(other);
	cancel(open_again, NULL);
	is_int(rpmem_remove(HOST, "plain.set", 0), 0,
		"pthread_cancel: no cancelled rpmem_open() keeps the pool in use");
	is_int(rpmem_close(rpp), 0, "pthread_cancel: rpmem_close() succeeds after cancelled calls");
	alarm(0);
}

int main(int argc, char **argv)
{
	(void)argc;
	set_up(argv);
	pool = memory(POOL);
	test_calls("fork", fork);
	test_calls("clone", fork_unheard);
	test_living_child("fork", fork);
	test_living_child("clone", fork_unheard);
	test_dead_owner();
	test_own_pool("fork", fork);
	test_own_pool("clone", fork_unheard);
	test_cancel();
	return tap_done();
}
