/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-reconnect.c - cause faults at random moments between an initiator that reconnects and its
 * target. No acknowledged store may be lost, and each reconnect must make the target's pool equal
 * to the initiator's memory, or fail with an error that says why.
 *
 *	fault-reconnect FAULTS SEED NAME HOST FOLDER [CABLE]
 *
 * NAME.set in FOLDER has the parts NAME.1 and NAME.2, without headers. RPMEM_CMD must write the
 * process id of the target to FOLDER/NAME.pid. CABLE is a command that cuts the network between
 * the two ends, with the argument `down', and mends it with `up'. If it is given, ssh is a process
 * of its own, and is killed, too.
 *
 * Faults: the target or the initiator is killed or stopped; both are killed at once; ssh is
 * killed; the network is cut; another writer opens the pool for a moment. Faults come at any time:
 * while the initiator stores, while it catches up (a reconnect sends the bytes that the target
 * lacks), and while it syncs. After an initiator was killed during a catch-up or sync, either the
 * pool is marked as inconsistent, or its bytes are unchanged, or they are equal to the initiator's
 * memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault-reconnect.h"
#include "tap.h"

enum fault {
	KILL_TARGET,
	KILL_INITIATOR,
	KILL_BOTH,
	KILL_SSH,
	STOP_TARGET,
	STOP_INITIATOR,
	CUT,
	STEAL,
	FAULTS
};

static const struct {
	const char *name;
	unsigned weight, with_cable; /* probability of this fault in percent */
} faults[FAULTS] = {
	{"target killed", 54, 30},
	{"initiator killed", 30, 22},
	{"both killed", 12, 8},
	{"ssh killed", 0, 22},
	{"target stopped", 1, 4},
	{"initiator stopped", 1, 2},
	{"network cut", 0, 10},
	{"another writer", 2, 2},
};

static struct job *job;
static uint64_t dice;
static long deadline; /* the time limit RPMEM_TIMEOUT_MS, in microseconds */
static pid_t writer;
static enum fault last;
static unsigned count[FAULTS], in_catch_up, in_sync, marks, as_before, equal;

/* -- processes -- */

/*
 * Looks a process up in /proc. Returns true if it has not ended; sets the id of its parent, and
 * its name.
 */
static bool look_up(const char *pid, int *parent, char name[32])
{
	char path[300], state = 'Z';

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %c %d", name, &state, parent) != 3)
		state = 'Z';
	fclose(file);
	return state != 'Z' && state != 'X';
}

static bool is_alive(pid_t pid)
{
	char text[16], name[32];
	int parent;

	snprintf(text, sizeof(text), "%d", (int)pid);
	return pid > 0 && look_up(text, &parent, name);
}

/* Returns the process id of the target that was started last, or 0 if that process has ended. */
static pid_t target(void)
{
	char path[512];
	int pid = 0;

	snprintf(path, sizeof(path), "%s/%s.pid", job->folder, job->name);
	FILE *file = fopen(path, "re");
	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return is_alive(pid) ? pid : 0;
}

/* Returns the process id of the writer's ssh, or 0 if the writer has not started one. */
static pid_t ssh(void)
{
	DIR *processes = opendir("/proc");
	pid_t found = 0;

	if (!processes)
		bail("cannot read /proc: %s", strerror(errno));
	for (struct dirent *entry; (entry = readdir(processes));) {
		char name[32];
		int parent;
		if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
			look_up(entry->d_name, &parent, name) && parent == writer &&
			!strcmp(name, "ssh"))
			found = (pid_t)atoi(entry->d_name);
	}
	closedir(processes);
	return found;
}

static pid_t fork_to(void (*run)(struct job *), const char *what)
{
	pid_t pid = fork();

	if (pid < 0)
		bail("cannot fork the %s: %s", what, strerror(errno));
	if (!pid)
		run(job);
	return pid;
}

static void write_on(struct job *shared)
{
	writer_run(shared, false);
}

static void look_only(struct job *shared)
{
	writer_run(shared, true);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* -- the target's pool, whose part files are on this machine, too -- */

void job_read_parts(struct job *shared, char *to)
{
	size_t got = 0;

	for (int part = 1; part <= 2; part++) {
		char path[512];
		ssize_t length;
		snprintf(path, sizeof(path), "%s/%s.%d", shared->folder, shared->name, part);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			job_fail(shared, "cannot open %s: %s", path, strerror(errno));
		while (got < POOL_SIZE && (length = read(fd, to + got, POOL_SIZE - got)) > 0)
			got += (size_t)length;
		close(fd);
	}
	if (got != POOL_SIZE)
		job_fail(shared, "the parts have %zu bytes", got);
}

static bool is_marked(void)
{
	char path[512], line[128];
	bool marked = false;

	snprintf(path, sizeof(path), "%s/.rpmemd/%s.set.state", job->folder, job->name);
	FILE *file = fopen(path, "re");
	if (!file && errno != ENOENT)
		bail("cannot read %s: %s", path, strerror(errno));
	while (file && fgets(line, sizeof(line), file))
		marked |= !strcmp(line, "inconsistent 1\n");
	if (file)
		fclose(file);
	return marked;
}

/* Makes the test fail with this reason, which is kept in job->why. Returns false. */
static bool failed(const char *why)
{
	snprintf(job->why, sizeof(job->why), "%s", why);
	atomic_store(&job->phase, FAILED);
	return false;
}

/*
 * Checks the pool at the target after the initiator was killed in this phase. Returns false if an
 * acknowledged store is lost, or if the initiator has sent only some of the bytes of a reconnect or
 * sync, but the pool is not marked as inconsistent.
 */
static bool check_left(enum phase phase)
{
	static char there[POOL_SIZE];
	char why[512];

	for (int ms = 0; target(); ms += 5) {
		if (ms > PATIENCE)
			return failed("the target does not end after the initiator was killed");
		nap(5000);
	}
	job->marked = is_marked();
	job_read_parts(job, there);
	marks += job->marked;
	if (!job->marked && job->has_before && (phase == HEALING || phase == SYNCING)) {
		bool is_equal = !memcmp(there, job->memory, POOL_SIZE);
		bool is_before = !memcmp(there, job->before, POOL_SIZE);
		if (!is_equal && !is_before)
			return failed("killed while it caught up: no mark, and some of the bytes");
		equal += is_equal;
		as_before += !is_equal;
	}
	for (unsigned i = 0; i < SLOTS; i++)
		if (!slots_check(&job->slots, i, there, why, sizeof(why)))
			return failed(why);
	return true;
}

/* -- moments -- */

/*
 * Wait until the writer is in a phase from `from` to `to`. Return false if the writer has failed.
 */
static bool wait_phase(enum phase from, enum phase to)
{
	for (int ms = 0; ms < PATIENCE; ms++) {
		enum phase now = atomic_load(&job->phase);
		if (now == FAILED)
			return false;
		if (now >= from && now <= to)
			return true;
		if (ms % 64 == 63 && has_ended(writer) && atomic_load(&job->phase) != DONE)
			return failed("the writer has ended");
		nap(1000);
	}
	snprintf(job->why, sizeof(job->why), "the writer stays in phase %d",
		(int)atomic_load(&job->phase));
	atomic_store(&job->phase, FAILED);
	return false;
}

/*
 * Waits until the writer has noticed a fault that ends its connection. Returns false if the writer
 * has failed. Returns false, too, if `may_be_late` is set and the writer still stores: then the
 * killed target was not the one that the writer uses, but was left over from an attempt to connect
 * that the writer had given up.
 */
static bool wait_noticed(unsigned healed, bool may_be_late)
{
	uint64_t stores = job->slots.stores;

	for (int ms = 0; ms < PATIENCE; ms++) {
		enum phase now = atomic_load(&job->phase);
		if (now == FAILED)
			return false;
		if (now != STORING || atomic_load(&job->healed) != healed)
			return true;
		if (may_be_late && ms > 5000 && job->slots.stores > stores + 1000)
			return false;
		nap(1000);
	}
	return failed("the writer does not notice the end of the connection");
}

static long up_to(long microseconds)
{
	return (long)draw(&dice, (uint64_t)microseconds + 1);
}

/*
 * Returns how long, in microseconds, a process is to be stopped or the network cut: often too
 * short to be noticed.
 */
static long a_while(void)
{
	return draw(&dice, 2) ? up_to(100000) : up_to(deadline * 3 / 2);
}

/* -- faults: each function returns false if there was nothing to kill, stop or cut -- */

static bool kill_target(void)
{
	unsigned healed = atomic_load(&job->healed);
	pid_t pid = target();

	return pid && !kill(pid, SIGKILL) && wait_noticed(healed, true);
}

static bool kill_initiator(bool target_too)
{
	pid_t pid = target_too ? target() : 0;

	if (target_too && !pid)
		return false;
	/* Kill target and initiator at the same time, or the target a moment earlier. */
	if (pid && draw(&dice, 2)) {
		kill(pid, SIGKILL);
		nap(up_to(2000));
	}
	kill(writer, SIGKILL);
	if (pid)
		kill(pid, SIGKILL);
	waitpid(writer, NULL, 0);
	writer = 0;
	enum phase phase = atomic_load(&job->phase);
	if (phase != FAILED)
		check_left(phase);
	return true;
}

static bool kill_ssh(void)
{
	unsigned healed = atomic_load(&job->healed);
	pid_t pid = ssh();

	return pid && !kill(pid, SIGKILL) && wait_noticed(healed, false);
}

static bool stop(pid_t pid)
{
	if (!pid || kill(pid, SIGSTOP))
		return false;
	nap(a_while());
	if (is_alive(pid))
		kill(pid, SIGCONT);
	return true;
}

static bool cut(void)
{
	char down[600], up[600];

	snprintf(down, sizeof(down), "%s down", job->cable);
	snprintf(up, sizeof(up), "%s up", job->cable);
	if (system(down))
		bail("cannot cut the network");
	nap(a_while());
	if (system(up))
		bail("cannot mend the network");
	return true;
}

/*
 * Stop the writer while it stores, kill its target, let another writer store to the pool, and then
 * let the first writer continue.
 */
static bool steal(void)
{
	pid_t pid = target();

	kill(writer, SIGSTOP);
	for (int tries = 0; is_alive(writer) && tries < 20; tries++)
		nap(500);
	if (atomic_load(&job->phase) != STORING || !pid) {
		kill(writer, SIGCONT);
		return false;
	}
	kill(pid, SIGKILL);
	pid_t thief = fork_to(writer_steal, "other writer");
	int status = -1;
	waitpid(thief, &status, 0);
	if (!status)
		atomic_store(&job->stolen, true);
	kill(writer, SIGCONT);
	return !status && wait_noticed(atomic_load(&job->healed), false);
}

static bool strike(enum fault fault)
{
	if (fault != KILL_TARGET && fault != KILL_BOTH && fault != KILL_INITIATOR)
		atomic_store(&job->quiet, false);
	switch (fault) {
	case KILL_TARGET:
		return kill_target();
	case KILL_INITIATOR:
		return kill_initiator(false);
	case KILL_BOTH:
		return kill_initiator(true);
	case KILL_SSH:
		return kill_ssh();
	case STOP_TARGET:
		return stop(target());
	case STOP_INITIATOR:
		return stop(writer);
	case CUT:
		return cut();
	default:
		return steal();
	}
}

static enum fault draw_fault(void)
{
	unsigned left = (unsigned)draw(&dice, 100), i = 0;

	while (i < STEAL) {
		unsigned weight = job->cable ? faults[i].with_cable : faults[i].weight;
		if (left < weight)
			break;
		left -= weight;
		i++;
	}
	return (enum fault)i;
}

/*
 * Wait for a random moment of a reconnect or sync; with `sending`, for a moment while it sends
 * bytes.
 */
static void wait_mark(bool sending)
{
	long after = up_to(sending ? 2000 : 60000);

	for (int looks = 0; sending && looks < 2000 && !is_marked(); looks++) {
		enum phase phase = atomic_load(&job->phase);
		if (phase != HEALING && phase != SYNCING)
			break;
		nap(50);
	}
	nap(after);
}

/*
 * Wait for a random moment: one while the writer stores, one while it reconnects or syncs, or any.
 */
static bool wait_moment(enum fault fault)
{
	unsigned way = (unsigned)draw(&dice, 8);

	if (fault == STEAL || way < 4) {
		if (!wait_phase(STORING, STORING))
			return false;
		nap(up_to(20000));
	} else if (way < 7) {
		if (!wait_phase(SYNCING, STORING))
			return false;
		if (atomic_load(&job->phase) == STORING)
			nap(up_to(20000));
		else
			wait_mark(draw(&dice, 2));
	} else {
		nap(up_to(200000));
	}
	return true;
}

static bool one_fault(void)
{
	enum fault fault = draw_fault();

	if (!writer) {
		atomic_store(&job->phase, CONNECTING);
		writer = fork_to(write_on, "writer");
	}
	if (!wait_moment(fault))
		return false;
	enum phase phase = atomic_load(&job->phase);
	last = fault;
	if (!strike(fault)) {
		nap(2000);
		return atomic_load(&job->phase) != FAILED;
	}
	count[fault]++;
	in_catch_up += phase == HEALING;
	in_sync += phase == SYNCING;
	return atomic_load(&job->phase) != FAILED;
}

static unsigned total(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < FAULTS; i++)
		sum += count[i];
	return sum;
}

/* Kill the writer, and fork a last one, which only checks the pool. */
static bool look(void)
{
	if (writer && !kill_initiator(false))
		return false;
	if (atomic_load(&job->phase) == FAILED)
		return false;
	atomic_store(&job->phase, CONNECTING);
	writer = fork_to(look_only, "last writer");
	bool done = wait_phase(DONE, DONE);
	waitpid(writer, NULL, 0);
	writer = 0;
	return done;
}

static void progress(unsigned wanted)
{
	diag("%s: %u of %u faults; %u reconnects succeeded, %u failed; %u syncs", job->name,
		total(), wanted, atomic_load(&job->healed), job->refused, job->syncs);
}

static void report(void)
{
	for (unsigned i = 0; i < FAULTS; i++)
		if (count[i])
			diag("%s: %u times %s", job->name, count[i], faults[i].name);
	diag("%s: %u faults in a catch-up, %u in a sync; an initiator that was killed left the mark "
	     "%u times; without it, in a catch-up or sync, the pool was as before %u times, and "
	     "equal %u times; %ju stores acknowledged",
		job->name, in_catch_up, in_sync, marks, as_before, equal,
		(uintmax_t)job->slots.stores);
}

static void run(unsigned wanted)
{
	struct timespec now;
	time_t said = 0;
	bool well = true;

	while (well && total() < wanted) {
		well = one_fault();
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (said && now.tv_sec < said + 20)
			continue;
		if (said)
			progress(wanted);
		said = now.tv_sec;
	}
	well = well && look();
	if (writer)
		kill(writer, SIGKILL);
	progress(wanted);
	report();
	if (!ok(well,
		    "fault-reconnect, %s: no acknowledged store is lost, and each reconnect ends "
		    "in a pool equal to the memory, or an error that says why",
		    job->name))
		diag("after %u faults, the last one with the %s: %s", total(), faults[last].name,
			job->why);
}

int main(int argc, char **argv)
{
	const char *limit = getenv("RPMEM_TIMEOUT_MS");

	if (argc < 6)
		bail("usage: fault-reconnect FAULTS SEED NAME HOST FOLDER [CABLE]");
	uint64_t seed = strtoull(argv[2], NULL, 0);
	job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (job == MAP_FAILED)
		bail("mmap: %s", strerror(errno));
	deadline = (limit ? atol(limit) : 30000) * 1000;
	job->name = argv[3];
	snprintf(job->set, sizeof(job->set), "%s.set", job->name);
	job->host = argv[4];
	job->folder = argv[5];
	job->cable = argv[6];
	dice = (seed + 7) * UINT64_C(0x9e3779b97f4a7c15) ^ 88172645463325252u;
	if (!slots_init(&job->slots, seed + 1))
		bail("the slots do not fit");
	diag("%s: seed %ju", job->name, (uintmax_t)seed);
	run((unsigned)atoi(argv[1]));
	return tap_done();
}
