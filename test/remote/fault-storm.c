/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-storm.c - kill initiators and targets at random moments, and check that no acknowledged
 * store is lost
 *
 *	fault-storm KILLS SEED HOST PIDS SET...
 *
 * KILLS is the number of kills in all, SEED the start of the random numbers. Every pool set is used
 * by a job, a process of its own. For each kill the job forks a writer, the initiator, which opens
 * the pool, reads and checks all of it, and then stores with all calls until it, or its target, is
 * killed. What it stores, and how far it has come, is kept in memory that is shared with the job
 * (fault-slots.h).
 *
 * The shell command RPMEM_CMD must write the process id of the target to the file PIDS/target.PPID,
 * where PPID is the process id of the initiator.
 */
#include <errno.h>
#include <librpmem.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault-slots.h"
#include "tap.h"

#define LANES 2u

/* Time limit of each wait in milliseconds, deadlines of librpmem included */
#define PATIENCE 30000

enum phase { CONNECTING, STORING, DONE, FAILED };

/* State of a job, in memory that the main process, the job and its writers share */
struct job {
	const char *host, *set, *pids;
	_Atomic enum phase phase;
	unsigned kills, of_targets, early; /* numbers of kills: all; of targets; while connecting */
	bool created;
	char why[512]; /* why the test has failed, if the phase is FAILED */
	struct slots slots;
};

static char *memory; /* the writer's pool */

static __attribute__((__noreturn__, __format__(__printf__, 2, 3))) void fail(
	struct job *job, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(job->why, sizeof(job->why), format, ap);
	va_end(ap);
	atomic_store(&job->phase, FAILED);
	_exit(EXIT_FAILURE);
}

/* -- the writer: stores until it or its target is killed -- */

static RPMEMpool *connect_pool(struct job *job)
{
	static const struct rpmem_pool_attr attr = {.signature = "STORM",
		.major = 1,
		.poolset_uuid = {1},
		.uuid = {2},
		.next_uuid = {2},
		.prev_uuid = {2}};
	struct rpmem_pool_attr got;

	for (int tries = 0; tries < PATIENCE / 50; tries++) {
		unsigned lanes = LANES;
		RPMEMpool *rpp = rpmem_open(job->host, job->set, memory, POOL_SIZE, &lanes, &got);
		if (!rpp && !job->created) {
			/*
			 * Remove what a killed rpmem_create() may have left: part files that are
			 * not a pool yet.
			 */
			if (errno != ENOENT && errno != EBUSY)
				rpmem_remove(job->host, job->set, RPMEM_REMOVE_FORCE);
			if (errno != EBUSY)
				rpp = rpmem_create(
					job->host, job->set, memory, POOL_SIZE, &lanes, &attr);
		}
		if (rpp) {
			if (lanes != LANES)
				fail(job, "%u lanes, not %u", lanes, LANES);
			job->created = true;
			return rpp;
		}
		/*
		 * ECONNRESET: the target was killed. EBUSY: the previous target has not ended yet.
		 */
		if (errno == ECONNRESET)
			_exit(EXIT_SUCCESS);
		if (errno != EBUSY)
			fail(job, "%s: %s: %s", job->set, strerror(errno), rpmem_errormsg());
		nap(50000);
	}
	fail(job, "%s: busy for %d ms", job->set, PATIENCE);
}

/*
 * Ends the writer after a call has failed. If the target was killed, calls fail with ECONNRESET,
 * and the writer ends with success; any other error makes the test fail.
 */
static void ended(struct job *job, RPMEMpool *rpp, const char *call)
{
	if (errno != ECONNRESET)
		fail(job, "%s: %s: %s", call, strerror(errno), rpmem_errormsg());
	if (!rpmem_close(rpp) || errno != ECONNRESET)
		fail(job, "after %s failed, close does not fail with ECONNRESET", call);
	_exit(EXIT_SUCCESS);
}

static void persist_one(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	uint64_t *random = &job->slots.random;
	unsigned i = (unsigned)draw(random, SLOTS), way = (unsigned)draw(random, 5);
	const struct slot *slot = &job->slots.at[i];
	int ret;

	slots_begin(&job->slots, memory, i, way == 1);
	if (!way)
		ret = rpmem_deep_persist(rpp, slot->offset, slot->length, lane);
	else
		ret = rpmem_persist(rpp, slot->offset, slot->length, lane,
			way == 1 ? RPMEM_PERSIST_RELAXED : 0);
	if (ret)
		ended(job, rpp, way ? "persist" : "deep persist");
	slots_acknowledge(&job->slots, i);
}

static void flush_many(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	uint64_t *random = &job->slots.random;
	unsigned first = (unsigned)draw(random, SLOTS), count = 1 + (unsigned)draw(random, 12);
	bool relaxed = draw(random, 3) == 0;

	for (unsigned k = 0; k < count; k++) {
		unsigned i = (first + k) % SLOTS;
		const struct slot *slot = &job->slots.at[i];
		slots_begin(&job->slots, memory, i, relaxed);
		if (rpmem_flush(rpp, slot->offset, slot->length, lane,
			    relaxed ? RPMEM_FLUSH_RELAXED : 0))
			ended(job, rpp, "flush");
	}
	if (rpmem_drain(rpp, lane, 0))
		ended(job, rpp, "drain");
	for (unsigned k = 0; k < count; k++)
		slots_acknowledge(&job->slots, (first + k) % SLOTS);
}

static void read_all(struct job *job, RPMEMpool *rpp)
{
	char *there = malloc(POOL_SIZE), why[sizeof(job->why)];

	if (!there)
		fail(job, "no memory");
	if (rpmem_read(rpp, there, 0, POOL_SIZE, 0))
		ended(job, rpp, "read");
	for (unsigned i = 0; i < SLOTS; i++)
		if (!slots_check(&job->slots, i, there, why, sizeof(why)))
			fail(job, "%s", why);
	free(there);
}

static __attribute__((__noreturn__)) void write_on(struct job *job, bool last)
{
	memory = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail(job, "mmap: %s", strerror(errno));
	RPMEMpool *rpp = connect_pool(job);
	read_all(job, rpp);
	if (last) {
		if (rpmem_close(rpp))
			fail(job, "close: %s", rpmem_errormsg());
		atomic_store(&job->phase, DONE);
		_exit(EXIT_SUCCESS);
	}
	atomic_store(&job->phase, STORING);
	for (;;) {
		unsigned lane = (unsigned)draw(&job->slots.random, LANES);
		if (draw(&job->slots.random, 3))
			persist_one(job, rpp, lane);
		else
			flush_many(job, rpp, lane);
	}
}

/* -- the job: forks writers, and kills them or their targets -- */

static pid_t target_of(const struct job *job, pid_t writer)
{
	char path[512];
	int pid = 0;

	snprintf(path, sizeof(path), "%s/target.%d", job->pids, writer);
	FILE *file = fopen(path, "re");
	if (file) {
		if (fscanf(file, "%d", &pid) != 1)
			pid = 0;
		fclose(file);
	}
	return pid;
}

static void forget_target(const struct job *job, pid_t writer)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/target.%d", job->pids, writer);
	unlink(path);
}

/* Waits until the writer has reached `phase` or has ended, for `microseconds` at most. */
static void wait_for(const struct job *job, enum phase phase, pid_t writer, long microseconds)
{
	for (; microseconds > 0; microseconds -= 500) {
		siginfo_t info = {.si_pid = 0};
		if (atomic_load(&job->phase) >= phase)
			return;
		if (waitid(P_PID, (id_t)writer, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return;
		nap(500);
	}
}

/*
 * Waits for the end of the writer; returns false if it does not end. If `target` was killed while
 * the writer was connecting, the writer may start more targets, for example after an open that
 * finds no pool: kills those, too.
 */
static bool reap(const struct job *job, pid_t writer, pid_t target)
{
	for (int ms = 0; ms < PATIENCE; ms++) {
		if (waitpid(writer, NULL, WNOHANG) == writer)
			return true;
		pid_t now = target > 0 ? target_of(job, writer) : 0;
		if (now > 0 && now != target) {
			kill(now, SIGKILL);
			target = now;
		}
		nap(1000);
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	return false;
}

static bool kill_once(struct job *job, uint64_t *random)
{
	bool at_once = draw(random, 8) == 0, of_target = draw(random, 2);
	pid_t writer, target = 0;

	atomic_store(&job->phase, CONNECTING);
	writer = fork();
	if (writer < 0)
		bail("fork: %s", strerror(errno));
	if (!writer)
		write_on(job, false);
	if (!at_once)
		wait_for(job, STORING, writer, PATIENCE * 1000L);
	nap((long)draw(random, at_once ? 300000 : 30000));
	if (of_target)
		target = target_of(job, writer);
	job->early += atomic_load(&job->phase) == CONNECTING;
	job->of_targets += target > 0;
	kill(target > 0 ? target : writer, SIGKILL);
	if (!reap(job, writer, target)) {
		snprintf(
			job->why, sizeof(job->why), "the writer hangs after its target was killed");
		atomic_store(&job->phase, FAILED);
	}
	forget_target(job, writer);
	job->kills++;
	return atomic_load(&job->phase) != FAILED;
}

/* Forks the last writer, which only checks the pool. */
static void look(struct job *job)
{
	pid_t writer = fork();

	if (writer < 0)
		bail("fork: %s", strerror(errno));
	if (!writer)
		write_on(job, true);
	reap(job, writer, 0);
	forget_target(job, writer);
}

static __attribute__((__noreturn__)) void run(struct job *job, unsigned kills)
{
	uint64_t random = job->slots.random * 3 + 1;

	for (unsigned i = 1; i <= kills; i++) {
		if (!kill_once(job, &random))
			_exit(EXIT_FAILURE);
		if (i % 500 == 0)
			diag("%s: %u kills", job->set, i);
	}
	look(job);
	_exit(EXIT_SUCCESS);
}

static void report(const struct job *job, unsigned kills)
{
	diag("%s: %u kills, %u of the target, %u before a store; %ju stores acknowledged", job->set,
		job->kills, job->of_targets, job->early, (uintmax_t)job->slots.stores);
	if (!ok(job->kills == kills && atomic_load(&job->phase) == DONE,
		    "fault-storm, %s: no acknowledged store is lost", job->set))
		diag("after %u kills: %s", job->kills, job->why);
}

int main(int argc, char **argv)
{
	if (argc < 6)
		bail("usage: fault-storm KILLS SEED HOST PIDS SET...");
	unsigned kills = (unsigned)atoi(argv[1]), count = (unsigned)argc - 5;
	uint64_t seed = strtoull(argv[2], NULL, 0);
	struct job *jobs = mmap(NULL, count * sizeof(*jobs), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (jobs == MAP_FAILED)
		bail("mmap: %s", strerror(errno));
	diag("seed %ju", (uintmax_t)seed);
	for (unsigned i = 0; i < count; i++) {
		jobs[i] = (struct job){.host = argv[3], .pids = argv[4], .set = argv[5 + i]};
		if (!slots_init(&jobs[i].slots, seed + i + 1))
			bail("the slots do not fit");
		pid_t pid = fork();
		if (pid < 0)
			bail("fork: %s", strerror(errno));
		if (!pid)
			run(&jobs[i], kills / count);
	}
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < count; i++)
		report(&jobs[i], kills / count);
	return tap_done();
}
