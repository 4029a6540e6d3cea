/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.c - holdfast_remote_reconnect() after the target is lost, and what it must not miss:
 * another writer, a replaced part, an older copy
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "reconnect.h"

/* -- a target that is lost -- */

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
		"reconnect: the target has all that was not drained, or failed");
	for (unsigned lane = 0; lane < LANES; lane++) {
		change(lane * 4096, 4096);
		failed += rpmem_persist(rpp, lane * 4096, 4096, lane, 0);
	}
	ok(!failed && is_copy("plain.part", pool), "reconnect: all lanes are usable afterwards");
	is_int(holdfast_remote_reconnect(rpp), 0,
		"reconnect: a handle that has not ended is connected again");
	kill_daemon();
	store_some(rpp, 2000);
	is_int(holdfast_remote_reconnect(rpp), 0, "reconnect: it succeeds again and again");
	ok(is_copy("plain.part", pool), "reconnect: more ranges than lanes can note are sent, too");
	is_int(rpmem_close(rpp), 0, "reconnect: the pool is closed properly");
}

/* A session that has not begun: all its stores have failed, so nothing is known of it there. */
static void test_unbegun(void)
{
	RPMEMpool *rpp = open_plain(LANES), *other;

	kill_daemon();
	change(4096, 8);
	fails(rpmem_persist(rpp, 4096, 8, 0, 0), ECONNRESET,
		"unbegun session: the first persist fails");
	is_int(holdfast_remote_reconnect(rpp), 0, "unbegun session: reconnect succeeds");
	ok(is_copy("plain.part", pool), "unbegun session: the failed persist is sent");
	rpmem_close(rpp);

	rpp = open_plain(LANES);
	kill_daemon();
	other = open_plain(1);
	rpmem_persist(other, 0, 8, 0, 0);
	rpmem_close(other);
	fails(holdfast_remote_reconnect(rpp), ESTALE, "unbegun session: another writer is noticed");
	fails(rpmem_close(rpp), ESTALE, "unbegun session: close reports another writer");
}

static void test_two_writers(void)
{
	RPMEMpool *rpp = made(), *other;

	kill_daemon();
	other = open_plain(1);
	fails(holdfast_remote_reconnect(rpp), EBUSY,
		"two writers: reconnect is EBUSY while another program has the pool open");
	is_int(rpmem_read(other, pool, 0, 8, 0), 0, "two writers: that program's handle is usable");
	rpmem_close(other);
	is_int(holdfast_remote_reconnect(rpp), 0, "two writers: a reader is not another writer");
	kill_daemon();
	other = open_plain(1);
	is_int(rpmem_persist(other, 0, 8, 0, 0), 0, "two writers: another program stores");
	rpmem_close(other);
	fails(holdfast_remote_reconnect(rpp), ESTALE, "two writers: the first one is refused");
	has_str(rpmem_errormsg(), "another writer", "two writers: the message says why");
	fails(rpmem_persist(rpp, 0, 8, 0, 0), ESTALE, "two writers: its persist fails with ESTALE");
	fails(rpmem_drain(rpp, 0, 0), ESTALE, "two writers: its drain fails with ESTALE");
	fails(holdfast_remote_reconnect(rpp), ESTALE, "two writers: it is refused for good");
	fails(rpmem_close(rpp), ESTALE, "two writers: its close fails with ESTALE");
}

static void run(const char *format)
{
	char command[1024];

	/* The format is a literal of the caller's, with the folder as its only arguments. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), format, folder, folder, folder, folder);
#pragma GCC diagnostic pop
	if (system(command))
		bail("cannot run %s", command);
}

/* A part from another disk, and a copy of part and state from before the session. */
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
			"replaced disk: a part without this session's stamp is refused");
	else
		skip("replaced disk: a part without this session's stamp is refused",
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

/* The time of a mark is only shown: no clock decides. */
static void test_clock(void)
{
	RPMEMpool *rpp = made();

	kill_daemon();
	run("sed -i 's/^inconsistent 0/inconsistent 1/; s/^since 0/since 18446744073709551615/' "
	    "%s/.rpmemd/plain.set.state");
	change(0, 64);
	rpmem_persist(rpp, 0, 64, 0, 0);
	is_int(holdfast_remote_reconnect(rpp), 0, "clock: a mark from the far future is cleared");
	kill_daemon();
	run("sed -i 's/^inconsistent 0/inconsistent 1/; s/^since 0/since 1/' "
	    "%s/.rpmemd/plain.set.state");
	unsigned nlanes = 1;
	ok(!rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL) && errno == EUCLEAN,
		"mark: another initiator is refused with EUCLEAN");
	has_str(rpmem_errormsg(), "1970-01-01 00:00:01 UTC", "mark: the message says since when");
	change(0, 64);
	rpmem_persist(rpp, 0, 64, 0, 0);
	is_int(holdfast_remote_reconnect(rpp), 0, "clock: a mark from long ago is cleared");
	ok(is_copy("plain.part", pool), "clock: the bytes are sent");
	rpmem_close(rpp);
}

/* -- another call in progress -- */

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
	ok(!failed, "reconnect: the call in progress succeeds");
	is_int(rpmem_close(rpp), 0, "reconnect: the handle is usable after EBUSY");
}

/* A persist that was started keeps its lanes; the counters are those of the pool. */
static void test_started(void)
{
	RPMEMpool *rpp = made();
	struct holdfast_remote_counts *before, *after;

	change(8192, 64);
	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 1, 0), 0, "started persist: it starts");
	kill_daemon();
	fails(holdfast_remote_reconnect(rpp), EBUSY,
		"started persist: reconnect is EBUSY before it is waited for");
	change(8192, 64);
	holdfast_remote_persist_wait(rpp, 1); /* the target may have answered before its end */
	rpmem_persist(rpp, 8192, 64, 1, 0);
	fails(holdfast_remote_persist_wait(rpp, 1), ECONNRESET,
		"started persist: on an ended handle, a second wait fails as other calls do");
	if (holdfast_remote_stats(rpp, &before))
		bail("stats: %s", rpmem_errormsg());
	is_int(holdfast_remote_reconnect(rpp), 0,
		"started persist: reconnect succeeds after the wait");
	ok(is_copy("plain.part", pool), "started persist: the bytes are sent");
	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 1, 0), 0,
		"started persist: another one starts after the reconnect");
	is_int(holdfast_remote_persist_wait(rpp, 1), 0, "started persist: that one ends");
	if (holdfast_remote_stats(rpp, &after))
		bail("stats: %s", rpmem_errormsg());
	ok(before->flushes && after->flushes == before->flushes + 1,
		"counters: those of the pool go on after a reconnect");
	ok(!before->reconnects && after->reconnects == 1,
		"counters: a reconnect that has succeeded is counted, and one that failed is not");
	holdfast_remote_stats_free(&before);
	holdfast_remote_stats_free(&after);
	is_int(rpmem_close(rpp), 0, "started persist: the pool is closed");
}

/* Threads go on calling while another one reconnects: their calls fail or succeed, no more. */
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
	is_int(done, 3, "reconnect: it succeeds between calls of another thread");
	is_int(rpmem_persist(rpp, 0, POOL, 0, 0), 0, "reconnect: the handle is usable afterwards");
	ok(is_copy("plain.part", pool), "reconnect: the target has the memory's bytes afterwards");
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
