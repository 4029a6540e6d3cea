/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.c - holdfast_remote_reconnect() after the target is lost, and what it must not miss:
 * another writer, a replaced part, an older copy; and its end at random moments
 *
 *	reconnect [MOMENTS [SEED]]
 *
 * MOMENTS times, either end is killed while an initiator catches up. Then the pool is marked, or it
 * is, byte for byte, the initiator's memory of then or what it was before the catch-up.
 */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include "fixture.h"

#define LANES 4u

static char *pool;

static void nap(long microseconds)
{
	nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

/* -- processes: the stand-in for ssh becomes the daemon, a child of the initiator -- */

/* The parent of a process if it runs rpmemd and has not ended, else 0. */
static pid_t parent_of_daemon(const char *process)
{
	char path[300], name[32] = "", state = 'Z';
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", process);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%31[^)]) %c %d", name, &state, &parent) != 3)
		parent = 0;
	fclose(file);
	return state != 'Z' && strstr(name, "rpmemd") ? parent : 0;
}

/* The daemon of this initiator; 0 if it has none now. */
static pid_t daemon_of(pid_t initiator)
{
	DIR *processes = opendir("/proc");
	pid_t found = 0;

	if (!processes)
		bail("cannot read /proc: %m");
	for (struct dirent *entry; (entry = readdir(processes));)
		if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
			parent_of_daemon(entry->d_name) == initiator)
			found = (pid_t)atoi(entry->d_name);
	closedir(processes);
	return found;
}

static void wait_gone(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%d", pid);
	for (int i = 0; i < 5000 && parent_of_daemon(path); i++)
		nap(2000);
}

static void kill_daemon(void)
{
	pid_t daemon = daemon_of(getpid());

	if (!daemon)
		bail("there is no daemon");
	kill(daemon, SIGKILL);
	wait_gone(daemon);
}

/* -- pools -- */

static uint64_t state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void change(size_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++)
		pool[offset + i] = (char)draw(256);
}

/* True if the file has the bytes, from its beginning. */
static bool is_copy(const char *name, const char *bytes)
{
	static char there[POOL];
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same =
		fd >= 0 && read(fd, there, POOL) == (ssize_t)POOL && !memcmp(there, bytes, POOL);
	close(fd);
	return same;
}

static RPMEMpool *open_plain(unsigned wanted)
{
	unsigned nlanes = wanted;
	RPMEMpool *rpp = rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL);

	if (!rpp)
		bail("open: %s", rpmem_errormsg());
	return rpp;
}

static RPMEMpool *made(void)
{
	unsigned nlanes = LANES;

	rpmem_remove(HOST, "plain.set", RPMEM_REMOVE_FORCE);
	change(0, POOL);
	RPMEMpool *rpp = rpmem_create(HOST, "plain.set", pool, POOL, &nlanes, NULL);
	if (!rpp || nlanes != LANES)
		bail("create: %s", rpmem_errormsg());
	if (rpmem_persist(rpp, 0, POOL, 0, 0))
		bail("persist: %s", rpmem_errormsg());
	return rpp;
}

/* Store to the pool with all calls. The target may be lost: then all of this is only noted. */
static void store_some(RPMEMpool *rpp, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		size_t offset = draw(POOL - 70000), length = 1 + draw(draw(4) ? 64 : 70000);
		unsigned lane = (unsigned)draw(LANES), relaxed = (unsigned)draw(2);

		change(offset, length);
		switch (draw(4)) {
		case 0:
			rpmem_persist(rpp, offset, length, lane, relaxed);
			break;
		case 1:
			rpmem_deep_persist(rpp, offset, length, lane);
			break;
		default:
			rpmem_flush(rpp, offset, length, lane, relaxed);
			if (draw(100) == 0)
				rpmem_drain(rpp, lane, 0);
		}
	}
}

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
	fails(rpmem_close(rpp), ESTALE, "unbegun session: close reports it");
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
	is_int(rpmem_persist(other, 0, 8, 0, 0), 0, "two writers: another one stores");
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

/* -- killed at random moments -- */

/* Shared with the initiators that are killed. */
static struct moment {
	atomic_int phase;  /* 1: catching up; 2: done */
	char before[POOL]; /* the pool at the target before the catch-up */
} * moment;

static void read_part(char *to)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/plain.part", folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, to, POOL) != (ssize_t)POOL)
		bail("cannot read %s: %m", path);
	close(fd);
}

static __attribute__((__noreturn__)) void initiate(uint64_t seed)
{
	state = seed;
	RPMEMpool *rpp = made();
	store_some(rpp, 50);
	kill_daemon();
	store_some(rpp, 400);
	read_part(moment->before);
	atomic_store(&moment->phase, 1);
	for (int tries = 0; holdfast_remote_reconnect(rpp); tries++)
		if (errno == ESTALE || errno == EUCLEAN || tries == 50)
			bail("reconnect: %s", rpmem_errormsg());
	atomic_store(&moment->phase, 2);
	pause();
	_exit(0);
}

static bool is_marked(void)
{
	char line[128], path[512];
	bool marked = false;

	snprintf(path, sizeof(path), "%s/.rpmemd/plain.set.state", folder);
	FILE *file = fopen(path, "re");
	if (!file)
		bail("cannot read %s: %m", path);
	while (fgets(line, sizeof(line), file))
		marked |= !strcmp(line, "inconsistent 1\n");
	fclose(file);
	return marked;
}

static void wait_phase(int phase)
{
	for (int i = 0; i < 120000 && atomic_load(&moment->phase) < phase; i++)
		nap(500);
	if (atomic_load(&moment->phase) < phase)
		bail("the initiator does not reach phase %d", phase);
}

/* The target's pool is marked, or it is a state of the source. */
static bool is_sound(unsigned *marked)
{
	bool mark = is_marked();

	*marked += mark;
	return mark || is_copy("plain.part", pool) || is_copy("plain.part", moment->before);
}

/* Kill either end, and look. A target is killed, and then the initiator has to succeed. */
static bool one_moment(unsigned *marked)
{
	bool of_target = draw(2), sound;

	atomic_store(&moment->phase, 0);
	pid_t initiator = fork();
	if (initiator < 0)
		bail("fork: %m");
	if (!initiator)
		initiate(state);
	draw(2);
	wait_phase(1);
	nap((long)draw(400000));
	/* Stop the initiator: it would go on at once with another daemon. */
	stop_process(initiator);
	pid_t daemon = daemon_of(initiator);
	if (of_target && daemon) {
		kill(daemon, SIGKILL);
		wait_gone(daemon);
		sound = is_sound(marked);
		kill(initiator, SIGCONT);
		wait_phase(2);
		sound &= !is_marked() && is_copy("plain.part", pool);
		daemon = daemon_of(initiator);
		kill(initiator, SIGKILL);
	} else {
		kill(initiator, SIGKILL);
		if (daemon)
			wait_gone(daemon);
		sound = is_sound(marked);
	}
	waitpid(initiator, NULL, 0);
	if (daemon)
		wait_gone(daemon);
	return sound;
}

static void test_moments(unsigned moments)
{
	unsigned sound = 0, marked = 0;

	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	moment = mmap(
		NULL, sizeof(*moment), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED || moment == MAP_FAILED)
		bail("cannot map memory: %m");
	for (unsigned i = 0; i < moments; i++) {
		uint64_t seed = state;

		if (one_moment(&marked))
			sound++;
		else
			diag("moment %u: unmarked and torn; seed %ju", i, (uintmax_t)seed);
		draw(2);
	}
	diag("%u moments, %u with the mark set", moments, marked);
	is_int(sound, moments,
		"catch-up: whenever it is killed, the mark is there or the pool is a whole state");
}

/* The shell that runs the daemon must become it, so that it is this process's child. */
static void have_shell_replaced(void)
{
	const char *rpmemd = getenv("RPMEMD");
	char command[512];

	if (!rpmemd || getenv("REMOTE_FOLDER"))
		return;
	snprintf(command, sizeof(command), "exec %s", rpmemd);
	setenv("RPMEMD", command, 1);
}

int main(int argc, char **argv)
{
	have_shell_replaced();
	set_up(argv);
	if (argc > 2)
		state += strtoull(argv[2], NULL, 0);
	/* First, since processes are forked: libfabric is not loaded yet. */
	test_moments(argc > 1 ? (unsigned)atoi(argv[1]) : 4);
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
