/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * moments.c - kill the daemon, the initiator, or both at a random moment of a sync, or of a
 * catch-up, which is a reconnect that sends the bytes that the target lacks
 *
 *	moments [MOMENTS [SEED]]
 *
 * MOMENTS is the number of kills (6), SEED the start of the random numbers. After each kill the
 * pool must be marked as inconsistent, and other initiators refused; or its bytes must be those of
 * the initiator's memory, or those from before the catch-up or sync.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "reconnect.h"

/* State in memory that the test shares with the initiators that it kills. */
static struct moment {
	atomic_int phase;  /* 1: the initiator reconnects or syncs; 2: it has finished */
	char before[POOL]; /* the target's pool before the reconnect or sync */
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

/*
 * Makes the target's pool equal to the memory again: by a reconnect of the handle that has lost
 * its target, or by a sync, as another program would.
 */
static int heal(RPMEMpool *rpp, bool by_sync)
{
	return by_sync ? holdfast_mirror_sync(HOST, "plain.set", pool, POOL, NULL, NULL)
		       : holdfast_remote_reconnect(rpp);
}

static __attribute__((__noreturn__)) void initiate(uint64_t seed, bool by_sync)
{
	state = seed;
	RPMEMpool *rpp = made();
	store_some(rpp, 50);
	kill_daemon();
	store_some(rpp, 400);
	read_part(moment->before);
	atomic_store(&moment->phase, 1);
	for (int tries = 0; heal(rpp, by_sync); tries++)
		if (errno == ESTALE || errno == EUCLEAN || tries == 50)
			bail("%s: %s", by_sync ? "sync" : "reconnect", rpmem_errormsg());
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

/*
 * Opens the pool as another initiator, in a new process. Returns 0, or the errno of rpmem_open().
 */
static int open_elsewhere(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		unsigned nlanes = 1;
		for (int tries = 0; tries < 100; tries++) {
			if (rpmem_open(HOST, "plain.set", pool, POOL, &nlanes, NULL))
				_exit(0);
			if (errno != EBUSY)
				break;
			nap(50000);
		}
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * Checks the target's pool: either it is marked as inconsistent, and other initiators are refused,
 * or its bytes are those of the memory or those from before. If `is_free` is true, no process has
 * the pool open, and this process tries to open it. Otherwise the stopped initiator still has the
 * pool open, and this process only reads whether the pool is marked.
 */
static bool is_sound(unsigned *marked, bool is_free)
{
	bool mark = is_marked(), whole;
	int error = is_free ? open_elsewhere() : mark ? EUCLEAN : 0;

	*marked += mark;
	whole = is_copy("plain.part", pool) || is_copy("plain.part", moment->before);
	if (error != (mark ? EUCLEAN : 0))
		diag("%s, and another initiator gets %s", mark ? "marked" : "not marked",
			strerror(error));
	else if (!mark && !whole)
		diag("not marked, and torn");
	else
		return true;
	return false;
}

/*
 * Wait for a moment while the initiator reconnects or syncs: in half of the cases for any moment,
 * else for one while bytes are sent.
 */
static void wait_moment(void)
{
	long after = (long)draw(draw(2) ? 60000 : 300000), sending = (long)draw(15000);

	wait_phase(1);
	if (draw(2)) {
		nap(after);
		return;
	}
	while (!is_marked() && atomic_load(&moment->phase) == 1)
		nap(100);
	nap(sending);
}

static pid_t fork_initiator(bool by_sync)
{
	atomic_store(&moment->phase, 0);
	pid_t initiator = fork();
	if (initiator < 0)
		bail("fork: %m");
	if (!initiator)
		initiate(state, by_sync);
	draw(2);
	return initiator;
}

/* Lets the stopped initiator continue, which must succeed with a new daemon. */
static bool succeeds(pid_t initiator)
{
	kill(initiator, SIGCONT);
	wait_phase(2);
	if (!is_marked() && is_copy("plain.part", pool))
		return true;
	diag("in the end, it is %s", is_marked() ? "marked" : "not equal");
	return false;
}

/* Kills the daemon, the initiator or both, and checks the pool. */
static bool one_moment(unsigned *marked)
{
	bool by_sync = draw(2), sound;
	unsigned victim = (unsigned)draw(3); /* kill 0: daemon, 1: initiator, 2: both */
	pid_t initiator = fork_initiator(by_sync);

	wait_moment();
	/* Stop the initiator first: it would start another daemon at once. */
	stop_process(initiator);
	pid_t daemon = daemon_of(initiator);
	if (victim != 1 && daemon) {
		kill(daemon, SIGKILL);
		wait_gone(daemon);
	}
	if (victim == 0) {
		sound = is_sound(marked, false) && succeeds(initiator);
		daemon = daemon_of(initiator);
	}
	kill(initiator, SIGKILL);
	waitpid(initiator, NULL, 0);
	if (daemon)
		wait_gone(daemon);
	return victim == 0 ? sound : is_sound(marked, true);
}

static void test_moments(unsigned moments, uint64_t seed)
{
	unsigned sound = 0, marked = 0;

	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	moment = mmap(
		NULL, sizeof(*moment), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED || moment == MAP_FAILED)
		bail("cannot map memory: %m");
	for (unsigned i = 0; i < moments; i++) {
		if (one_moment(&marked))
			sound++;
		else
			diag("this was moment %u", i);
		draw(2);
		if (i % 100 == 99)
			diag("%u of %u moments", i + 1, moments);
	}
	diag("seed %ju: %u moments, %u with the mark set", (uintmax_t)seed, moments, marked);
	is_int(sound, moments,
		"kill during a reconnect or sync: the pool is marked as inconsistent and refuses other initiators, "
		"or it has all old bytes or all new ones");
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)getpid();

	have_shell_replaced();
	set_up(argv);
	/*
	 * Make the pool as large as the memory, because a sync of fewer bytes may not remove the
	 * mark.
	 */
	write_file("plain.set", "PMEMPOOLSET\nOPTION NOHDRS\n8MiB %s/plain.part\n", folder);
	state += seed * UINT64_C(0x9e3779b97f4a7c15);
	/*
	 * Call nothing of librpmem before this: test_moments() forks processes, which must not
	 * inherit a loaded libfabric.
	 */
	test_moments(argc > 1 ? (unsigned)atoi(argv[1]) : 6, seed);
	return tap_done();
}
