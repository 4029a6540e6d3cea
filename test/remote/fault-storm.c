/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-storm.c - kill initiators and targets at random moments, and check that no acknowledged
 * store is lost
 *
 *	fault-storm KILLS SEED HOST PIDS SET...
 *
 * Every pool set is used by a job, a process of its own. For each kill the job forks a writer, the
 * initiator, which opens the pool, reads and checks all of it, and then stores with all calls until
 * it, or its target, is killed. The pool is divided into slots. Memory that is shared with the job,
 * and so outlives the writer, has the number of the last store that was begun, and of the last one
 * that was acknowledged, for each slot. Every word in the pool depends on its slot and the number
 * of its store, so that a word too old, too new, torn or misplaced is found.
 *
 * The shell command RPMEM_CMD must write the process id of the target to PIDS/target.PPID, PPID
 * being the initiator.
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
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define POOL_SIZE ((size_t)8 << 20)
#define HEADER    4096u
#define SLOTS     60u
#define LANES     2u

/* Time limit of each wait in milliseconds, deadlines of librpmem included */
#define PATIENCE 30000

struct slot {
	size_t offset, length; /* multiples of 8 */
	uint32_t started;      /* number of the last store that was begun */
	uint32_t acked;        /* number of the last store that was acknowledged as durable */
	bool relaxed;          /* the store that was begun last may be torn */
};

enum phase { CONNECTING, STORING, DONE, FAILED };

/* State of a job, in memory that the main process, the job and its writers share */
struct job {
	const char *host, *set, *pids;
	_Atomic enum phase phase;
	uint64_t random;
	unsigned kills, of_targets, early; /* kills: all, of the target, before the first store */
	uint64_t stores;                   /* number of acknowledged stores */
	bool created;
	char why[512]; /* message if the phase is FAILED */
	struct slot slots[SLOTS];
};

static char *memory; /* the writer's pool */

static uint64_t draw(struct job *job, uint64_t below)
{
	job->random ^= job->random << 13;
	job->random ^= job->random >> 7;
	job->random ^= job->random << 17;
	return job->random % below;
}

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

static void nap(long microseconds)
{
	nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

/* -- the bytes that are stored -- */

static void lay_out(struct job *job)
{
	static const size_t lengths[] = {8, 64, 24, 200, 4096, 8, 40000, 262144, 16, 1024};
	size_t offset = HEADER;

	for (unsigned i = 0; i < SLOTS; i++) {
		job->slots[i].offset = offset;
		job->slots[i].length = lengths[i % (sizeof(lengths) / sizeof(lengths[0]))];
		offset += job->slots[i].length + 8 * draw(job, 20);
	}
	if (offset > POOL_SIZE)
		bail("the slots do not fit");
}

static uint64_t word(unsigned slot, size_t index, uint32_t store)
{
	uint64_t mix = (index + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (slot + 1) * 0x85ebca6bu ^
		       store * UINT64_C(0xc2b2ae3d27d4eb4f);

	return (uint64_t)store << 32 | (uint32_t)(mix ^ mix >> 32);
}

static void fill(const struct job *job, unsigned i)
{
	uint64_t *at = (uint64_t *)(memory + job->slots[i].offset);

	for (size_t k = 0; k < job->slots[i].length / 8; k++)
		at[k] = word(i, k, job->slots[i].started);
}

static void check_slot(struct job *job, unsigned i, const char *there)
{
	const struct slot *slot = &job->slots[i];
	const uint64_t *at = (const uint64_t *)(there + slot->offset);

	if (slot->relaxed && slot->started != slot->acked)
		return; /* torn: may mix the bytes of all stores since the acknowledged one */
	for (size_t k = 0; k < slot->length / 8; k++) {
		uint32_t store = (uint32_t)(at[k] >> 32);
		if (store >= slot->acked && store <= slot->started &&
			at[k] == (store ? word(i, k, store) : 0))
			continue;
		fail(job,
			"slot %u, word %zu of %zu at offset %zu: %#jx; store %u was acknowledged, "
			"%u begun",
			i, k, slot->length / 8, slot->offset + 8 * k, (uintmax_t)at[k], slot->acked,
			slot->started);
	}
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
			 * A creation that was killed may have left parts that are not a pool yet.
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
		/* ECONNRESET: the target was killed. EBUSY: the previous one has not ended yet. */
		if (errno == ECONNRESET)
			_exit(EXIT_SUCCESS);
		if (errno != EBUSY)
			fail(job, "%s: %s: %s", job->set, strerror(errno), rpmem_errormsg());
		nap(50000);
	}
	fail(job, "%s: busy for %d ms", job->set, PATIENCE);
}

/*
 * Ends the writer after a call has failed: in success if the target was killed, which makes calls
 * fail with ECONNRESET, else with a failure of the test.
 */
static void ended(struct job *job, RPMEMpool *rpp, const char *call)
{
	if (errno != ECONNRESET)
		fail(job, "%s: %s: %s", call, strerror(errno), rpmem_errormsg());
	if (!rpmem_close(rpp) || errno != ECONNRESET)
		fail(job, "after %s failed, close does not fail with ECONNRESET", call);
	_exit(EXIT_SUCCESS);
}

static void begin(struct job *job, unsigned i, bool relaxed)
{
	struct slot *slot = &job->slots[i];

	/* If the last store may be torn, so may this one be until it is acknowledged. */
	slot->relaxed = relaxed || (slot->relaxed && slot->started != slot->acked);
	slot->started++;
	atomic_signal_fence(memory_order_seq_cst);
	fill(job, i);
}

static void acknowledge(struct job *job, unsigned i)
{
	job->slots[i].acked = job->slots[i].started;
	job->stores++;
}

static void persist_one(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	unsigned i = (unsigned)draw(job, SLOTS), way = (unsigned)draw(job, 5);
	const struct slot *slot = &job->slots[i];
	int ret;

	begin(job, i, way == 1);
	if (!way)
		ret = rpmem_deep_persist(rpp, slot->offset, slot->length, lane);
	else
		ret = rpmem_persist(rpp, slot->offset, slot->length, lane,
			way == 1 ? RPMEM_PERSIST_RELAXED : 0);
	if (ret)
		ended(job, rpp, way ? "persist" : "deep persist");
	acknowledge(job, i);
}

static void flush_many(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	unsigned first = (unsigned)draw(job, SLOTS), count = 1 + (unsigned)draw(job, 12);
	bool relaxed = draw(job, 3) == 0;

	for (unsigned k = 0; k < count; k++) {
		unsigned i = (first + k) % SLOTS;
		begin(job, i, relaxed);
		if (rpmem_flush(rpp, job->slots[i].offset, job->slots[i].length, lane,
			    relaxed ? RPMEM_FLUSH_RELAXED : 0))
			ended(job, rpp, "flush");
	}
	if (rpmem_drain(rpp, lane, 0))
		ended(job, rpp, "drain");
	for (unsigned k = 0; k < count; k++)
		acknowledge(job, (first + k) % SLOTS);
}

static void read_all(struct job *job, RPMEMpool *rpp)
{
	char *there = malloc(POOL_SIZE);

	if (!there)
		fail(job, "no memory");
	if (rpmem_read(rpp, there, 0, POOL_SIZE, 0))
		ended(job, rpp, "read");
	for (unsigned i = 0; i < SLOTS; i++)
		check_slot(job, i, there);
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
		unsigned lane = (unsigned)draw(job, LANES);
		if (draw(job, 3))
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
 * Waits for the end of the writer; false if it hangs. If `target` was killed while the writer was
 * connecting, the writer may start further targets, as after an open that finds no pool: they are
 * killed, too.
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
	struct job dice = {.random = *random};
	bool at_once = draw(&dice, 8) == 0, of_target = draw(&dice, 2);
	pid_t writer, target = 0;

	atomic_store(&job->phase, CONNECTING);
	writer = fork();
	if (writer < 0)
		bail("fork: %s", strerror(errno));
	if (!writer)
		write_on(job, false);
	if (!at_once)
		wait_for(job, STORING, writer, PATIENCE * 1000L);
	nap((long)draw(&dice, at_once ? 300000 : 30000));
	*random = dice.random;
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
	uint64_t random = job->random * 3 + 1;

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
		job->kills, job->of_targets, job->early, (uintmax_t)job->stores);
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
		jobs[i] = (struct job){.host = argv[3],
			.pids = argv[4],
			.set = argv[5 + i],
			.random = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15)};
		lay_out(&jobs[i]);
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
