/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.c - tests of holdfast_remote_reconnect() after the target was lost. It must fail if
 * another program has stored to the pool, or if a part was replaced, also by an older copy of
 * itself.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "reconnect.h"

/* -- reconnects after the target was killed -- */

static void test_catch_up(void)
{
	RPMEMpool *rpp = made();
	int failed = 0;

	fails(holdfast_remote_reconnect(NULL), EINVAL, "reconnect: NULL is EINVAL");
	store_some(rpp, 300);
	kill_daemon();
	change(8192, 64);
	fails(rpmem_persist(rpp, 8192, 64, 1, 0), ECONNRESET,
		"reconnect: a persist fails when the target is lost");
	store_some(rpp, 300);
	leaves_errno(!holdfast_remote_reconnect(rpp), "reconnect: it succeeds, errno is unchanged");
	ok(is_copy("plain.part", pool),
		"reconnect: the target has the bytes of all stores that had failed or were not drained yet");
	for (unsigned lane = 0; lane < LANES; lane++) {
		change(lane * 4096, 4096);
		failed += rpmem_persist(rpp, lane * 4096, 4096, lane, 0);
	}
	ok(!failed && is_copy("plain.part", pool),
		"reconnect: afterwards a persist succeeds on each lane");
	is_int(holdfast_remote_reconnect(rpp), 0,
		"reconnect: it succeeds on a handle whose connection was not lost");
	kill_daemon();
	store_some(rpp, 2000);
	is_int(holdfast_remote_reconnect(rpp), 0,
		"reconnect: it succeeds a second time, after the target was lost a second time");
	ok(is_copy("plain.part", pool),
		"reconnect: it sends all bytes, even after stores to more ranges than a lane keeps track of");
	is_int(rpmem_close(rpp), 0, "reconnect: close succeeds afterwards");
}

/*
 * Kill the target before the first store of a handle: all its stores have failed, so the target
 * knows of no session.
 */
static void test_unbegun(void)
{
	RPMEMpool *rpp = open_plain(LANES), *other;

	kill_daemon();
	change(4096, 8);
	fails(rpmem_persist(rpp, 4096, 8, 0, 0), ECONNRESET,
		"target lost before the first store: the first persist fails");
	is_int(holdfast_remote_reconnect(rpp), 0,
		"target lost before the first store: reconnect succeeds");
	ok(is_copy("plain.part", pool),
		"target lost before the first store: reconnect sends the bytes of the failed persist");
	rpmem_close(rpp);

	rpp = open_plain(LANES);
	kill_daemon();
	other = open_plain(1);
	rpmem_persist(other, 0, 8, 0, 0);
	rpmem_close(other);
	fails(holdfast_remote_reconnect(rpp), ESTALE,
		"target lost before the first store: reconnect notices another writer");
	fails(rpmem_close(rpp), ESTALE,
		"target lost before the first store: close reports another writer");
}

static void test_two_writers(void)
{
	RPMEMpool *rpp = made(), *other;

	kill_daemon();
	other = open_plain(1);
	fails(holdfast_remote_reconnect(rpp), EBUSY,
		"two writers: reconnect is EBUSY while another program has the pool open");
	is_int(rpmem_read(other, pool, 0, 8, 0), 0,
		"two writers: reconnect has not disturbed the program that has the pool open");
	rpmem_close(other);
	is_int(holdfast_remote_reconnect(rpp), 0,
		"two writers: reconnect succeeds if the other program has only read the pool");
	kill_daemon();
	other = open_plain(1);
	is_int(rpmem_persist(other, 0, 8, 0, 0), 0,
		"two writers: the other program stores after the target was lost");
	rpmem_close(other);
	fails(holdfast_remote_reconnect(rpp), ESTALE,
		"two writers: reconnect of the first one fails with ESTALE");
	has_str(rpmem_errormsg(), "another writer",
		"two writers: the message of reconnect says that there was another writer");
	fails(rpmem_persist(rpp, 0, 8, 0, 0), ESTALE,
		"two writers: the first one's persist fails with ESTALE");
	fails(rpmem_drain(rpp, 0, 0), ESTALE,
		"two writers: the first one's drain fails with ESTALE");
	fails(holdfast_remote_reconnect(rpp), ESTALE,
		"two writers: a second reconnect of the first one fails with ESTALE");
	fails(rpmem_close(rpp), ESTALE, "two writers: the first one's close fails with ESTALE");
}

static void run(const char *format)
{
	char command[1024];

	/*
	 * All callers pass a literal as format, and the only value to be inserted is the folder.
	 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), format, folder, folder, folder, folder);
#pragma GCC diagnostic pop
	if (system(command))
		bail("cannot run %s", command);
}

/*
 * Replace the part by a copy without its extended attributes, as on another disk: reconnect must
 * notice this. Then replace the part and the state file by copies from before the session:
 * reconnect must notice this, too.
 */
static void test_replaced(void)
{
	RPMEMpool *rpp = made();
	char path[512];

	snprintf(path, sizeof(path), "%s/plain.part", folder);
	bool stamped = getxattr(path, "user.rpmemd.stamp", NULL, 0) > 0;
	kill_daemon();
	run("cp %s/plain.part %s/copy && mv %s/copy %s/plain.part");
	if (stamped)
		fails(holdfast_remote_reconnect(rpp), ESTALE,
			"replaced disk: reconnect refuses a part without the session's extended attribute");
	else
		skip("replaced disk: reconnect refuses a part without the session's extended attribute",
			"the file system has no extended attributes");
	rpmem_close(rpp);

	rpp = made();
	rpmem_close(rpp);
	run("rm -rf %s/then && mkdir %s/then && cp -a %s/plain.part %s/then/");
	run("cp -a %s/.rpmemd %s/then/");
	rpp = open_plain(1);
	rpmem_persist(rpp, 0, 8, 0, 0);
	kill_daemon();
	run("cp -a %s/then/plain.part %s/ && cp -a %s/then/.rpmemd/. %s/.rpmemd/");
	fails(holdfast_remote_reconnect(rpp), ESTALE,
		"older snapshot: part and state from before the session are refused");
	rpmem_close(rpp);
	run("rm -rf %s/then");
}

/*
 * The mark of an inconsistent pool contains the time when it was made, but only to show it to
 * users: whether a reconnect may clear the mark must not depend on any clock.
 */
static void test_clock(void)
{
	RPMEMpool *rpp = made();

	kill_daemon();
	run("sed -i 's/^inconsistent 0/inconsistent 1/; s/^since 0/since 18446744073709551615/' "
	    "%s/.rpmemd/plain.set.state");
	change(0, 64);
	rpmem_persist(rpp, 0, 64, 0, 0);
	is_int(holdfast_remote_reconnect(rpp), 0,
		"mark of an inconsistent pool: reconnect removes a mark whose time is in the far future");
	kill_daemon();
	run("sed -i 's/^inconsistent 0/inconsistent 1/; s/^since 0/since 1/' "
	    "%s/.rpmemd/plain.set.state");
	unsigned nlanes = 1;
	ok(!rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL) && errno == EUCLEAN,
		"mark of an inconsistent pool: another initiator is refused with EUCLEAN");
	has_str(rpmem_errormsg(), "1970-01-01 00:00:01 UTC",
		"mark of an inconsistent pool: the message has the time of the mark");
	change(0, 64);
	rpmem_persist(rpp, 0, 64, 0, 0);
	is_int(holdfast_remote_reconnect(rpp), 0,
		"mark of an inconsistent pool: reconnect removes a mark whose time is long ago");
	ok(is_copy("plain.part", pool),
		"mark of an inconsistent pool: the reconnect that removes the mark sends the missing bytes");
	rpmem_close(rpp);
}

/* -- reconnects while another call is in progress -- */

static void *persist(void *rpp)
{
	return rpmem_persist(rpp, 8192, 64, 1, 0) ? rpp : NULL;
}

static void test_busy(void)
{
	RPMEMpool *rpp = made();
	pid_t daemon = daemon_of(getpid());
	pthread_t thread;
	void *failed;

	stop_process(daemon);
	if (pthread_create(&thread, NULL, persist, rpp))
		bail("no thread");
	nap(300000);
	fails(holdfast_remote_reconnect(rpp), EBUSY,
		"reconnect: it is EBUSY while a call is in progress");
	kill(daemon, SIGCONT);
	pthread_join(thread, &failed);
	ok(!failed,
		"reconnect: the call in progress succeeds although reconnect failed with EBUSY");
	is_int(rpmem_close(rpp), 0, "reconnect: close succeeds after reconnect failed with EBUSY");
}

/*
 * Start a persist, and reconnect before waiting for it: the persist still uses its lane, so
 * reconnect must fail. Then check that the counters continue after a reconnect.
 */
static void test_started(void)
{
	RPMEMpool *rpp = made();
	struct holdfast_remote_counts *before, *after;

	change(8192, 64);
	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 1, 0), 0,
		"started persist: holdfast_remote_persist_start succeeds");
	kill_daemon();
	fails(holdfast_remote_reconnect(rpp), EBUSY,
		"started persist: reconnect is EBUSY before holdfast_remote_persist_wait");
	change(8192, 64);
	/* Ignore the result: the target may or may not have answered before it was killed. */
	holdfast_remote_persist_wait(rpp, 1);
	rpmem_persist(rpp, 8192, 64, 1, 0);
	fails(holdfast_remote_persist_wait(rpp, 1), ECONNRESET,
		"started persist: on an ended handle, a second wait fails as other calls do");
	if (holdfast_remote_stats(rpp, &before))
		bail("stats: %s", rpmem_errormsg());
	is_int(holdfast_remote_reconnect(rpp), 0,
		"started persist: reconnect succeeds after holdfast_remote_persist_wait");
	ok(is_copy("plain.part", pool),
		"started persist: reconnect sends the bytes of the persist");
	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 1, 0), 0,
		"started persist: another persist can be started after the reconnect");
	is_int(holdfast_remote_persist_wait(rpp, 1), 0,
		"started persist: the wait for a persist that was started after the reconnect succeeds");
	if (holdfast_remote_stats(rpp, &after))
		bail("stats: %s", rpmem_errormsg());
	ok(before->flushes && after->flushes == before->flushes + 1,
		"counters: they continue from their values before a reconnect");
	ok(!before->reconnects && after->reconnects == 1,
		"counters: successful reconnects are counted, and failed ones are not");
	holdfast_remote_stats_free(&before);
	holdfast_remote_stats_free(&after);
	is_int(rpmem_close(rpp), 0, "started persist: close succeeds afterwards");
}

/*
 * One thread makes calls while another one reconnects. Each call may fail or succeed, but must not
 * crash or hang.
 */
static atomic_bool stop;

static void *call_on(void *rpp)
{
	struct holdfast_remote *remote;

	while (!atomic_load(&stop)) {
		rpmem_persist(rpp, 4096, 64, 2, 0);
		if (!holdfast_remote_info(rpp, &remote))
			holdfast_remote_free(&remote);
		rpmem_set_attr(rpp, NULL);
		nap(1000);
	}
	return NULL;
}

static void test_threads(void)
{
	RPMEMpool *rpp = made();
	pthread_t thread;
	int done = 0;

	atomic_store(&stop, false);
	if (pthread_create(&thread, NULL, call_on, rpp))
		bail("no thread");
	for (int i = 0; i < 3; i++) {
		kill_daemon();
		for (int tries = 0; tries < 1000; tries++) {
			if (!holdfast_remote_reconnect(rpp)) {
				done++;
				break;
			}
			if (errno != EBUSY)
				break;
			nap(500);
		}
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	is_int(done, 3, "reconnect: it succeeds while another thread makes calls");
	is_int(rpmem_persist(rpp, 0, POOL, 0, 0), 0,
		"reconnect: a persist succeeds after reconnects while another thread made calls");
	ok(is_copy("plain.part", pool),
		"reconnect: the target is equal to the memory after reconnects while another thread made calls");
	rpmem_close(rpp);
}

int main(int argc, char **argv)
{
	(void)argc;
	have_shell_replaced();
	set_up(argv);
	pool = memory(POOL);
	test_catch_up();
	test_unbegun();
	test_two_writers();
	test_replaced();
	test_clock();
	test_busy();
	test_started();
	test_threads();
	return tap_done();
}
