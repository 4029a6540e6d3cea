/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-writer.c - the initiator of fault-reconnect.c: stores with all calls, reconnects when a
 * call fails, and checks after each reconnect that the target is equal to its memory
 *
 * Every store is flushed or persisted, also while the connection is lost: librpmem notes such
 * ranges, and sends them at the reconnect. So a reconnect that succeeds makes the target equal to
 * the memory, byte for byte. The notes of a writer that is killed are lost: the next writer syncs
 * the whole pool, or persists again all stores that were not acknowledged.
 */
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault-reconnect.h"

#define LANES 3u
#define PAUSE 20000 /* microseconds between two attempts to connect */

/* -- errors -- */

/*
 * Checks the error of a call that has failed: errno must be one that a fault causes, and the
 * message must name the pool set.
 */
static void check_failure(struct job *job, const char *call)
{
	static const int of_faults[] = {
		ECONNRESET, ETIMEDOUT, EBUSY, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH};
	int error = errno;

	if (!strstr(rpmem_errormsg(), job->set))
		job_fail(job, "%s: %s: the message does not name the set: %s", call,
			strerror(error), rpmem_errormsg());
	for (unsigned i = 0; i < sizeof(of_faults) / sizeof(of_faults[0]); i++)
		if (error == of_faults[i])
			return;
	job_fail(job, "%s: %s: %s", call, strerror(error), rpmem_errormsg());
}

/* -- stores -- */

static int persist_one(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	uint64_t *random = &job->slots.random;
	unsigned i = (unsigned)draw(random, SLOTS), way = (unsigned)draw(random, 6);
	const struct slot *slot = &job->slots.at[i];
	int ret;

	slots_begin(&job->slots, job->memory, i, way == 1);
	if (way == 0)
		ret = rpmem_deep_persist(rpp, slot->offset, slot->length, lane);
	else if (way == 2)
		ret = holdfast_remote_persist_start(rpp, slot->offset, slot->length, lane, 0) ||
		      holdfast_remote_persist_wait(rpp, lane);
	else
		ret = rpmem_persist(rpp, slot->offset, slot->length, lane,
			way == 1 ? RPMEM_PERSIST_RELAXED : 0);
	if (!ret)
		slots_acknowledge(&job->slots, i);
	return ret;
}

static int flush_many(struct job *job, RPMEMpool *rpp, unsigned lane)
{
	uint64_t *random = &job->slots.random;
	unsigned first = (unsigned)draw(random, SLOTS), count = 1 + (unsigned)draw(random, 12);
	bool relaxed = draw(random, 3) == 0;
	int ret = 0;

	for (unsigned k = 0; k < count; k++) {
		unsigned i = (first + k) % SLOTS;
		const struct slot *slot = &job->slots.at[i];
		slots_begin(&job->slots, job->memory, i, relaxed);
		ret |= rpmem_flush(
			rpp, slot->offset, slot->length, lane, relaxed ? RPMEM_FLUSH_RELAXED : 0);
	}
	if (ret || rpmem_drain(rpp, lane, 0))
		return -1;
	for (unsigned k = 0; k < count; k++)
		slots_acknowledge(&job->slots, (first + k) % SLOTS);
	return 0;
}

static int store(struct job *job, RPMEMpool *rpp)
{
	unsigned lane = (unsigned)draw(&job->slots.random, LANES);

	return draw(&job->slots.random, 3) ? persist_one(job, rpp, lane)
					   : flush_many(job, rpp, lane);
}

/*
 * Counts the last store to each slot as acknowledged, after the target was found equal to the
 * memory.
 */
static void acknowledge_all(struct job *job)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (job->slots.at[i].acked != job->slots.at[i].started)
			slots_acknowledge(&job->slots, i);
}

/* -- syncs and reconnects, which must make the target equal to the memory -- */

static void check_equal(struct job *job, const char *call)
{
	static char there[POOL_SIZE];

	job_read_parts(job, there);
	if (!memcmp(there, job->memory, POOL_SIZE))
		return;
	for (size_t i = 0; i < POOL_SIZE; i++)
		if (there[i] != job->memory[i])
			job_fail(job, "%s has succeeded, and the pool differs at offset %zu", call,
				i);
}

static void keep_before(struct job *job, enum phase phase, bool exact)
{
	job->has_before = false;
	if (exact)
		job_read_parts(job, job->before);
	atomic_signal_fence(memory_order_seq_cst);
	job->has_before = exact;
	atomic_store(&job->phase, phase);
}

static RPMEMpool *open_pool(struct job *job)
{
	unsigned lanes = LANES;
	RPMEMpool *rpp = rpmem_open(job->host, job->set, job->memory, POOL_SIZE, &lanes, NULL);

	if (rpp && lanes != LANES)
		job_fail(job, "%u lanes, not %u", lanes, LANES);
	return rpp;
}

static RPMEMpool *sync_and_open(struct job *job)
{
	RPMEMpool *rpp;

	keep_before(job, SYNCING, true);
	while (holdfast_mirror_sync(job->host, job->set, job->memory, POOL_SIZE, NULL, NULL)) {
		check_failure(job, "sync");
		nap(PAUSE);
	}
	check_equal(job, "sync");
	atomic_store(&job->stolen, false);
	acknowledge_all(job);
	job->syncs++;
	atomic_store(&job->phase, CONNECTING);
	while (!(rpp = open_pool(job))) {
		check_failure(job, "open after a sync");
		nap(PAUSE);
	}
	return rpp;
}

/*
 * Close the handle after another writer has stored to the pool, and overwrite those stores by a
 * sync.
 */
static RPMEMpool *take_back(struct job *job, RPMEMpool *rpp)
{
	if (!rpmem_persist(rpp, 0, 8, 0, 0) || errno != ESTALE)
		job_fail(job, "after ESTALE: a persist does not fail with ESTALE");
	if (!holdfast_remote_reconnect(rpp) || errno != ESTALE)
		job_fail(job, "after ESTALE: a reconnect does not fail with ESTALE");
	if (!rpmem_close(rpp) || errno != ESTALE)
		job_fail(job, "after ESTALE: close does not fail with ESTALE");
	return sync_and_open(job);
}

/*
 * Make some more stores on a handle whose connection is lost, and reconnect. The stores fail, but
 * librpmem must note their ranges, and send them at the reconnect.
 */
static RPMEMpool *heal(struct job *job, RPMEMpool *rpp)
{
	unsigned more = (unsigned)draw(&job->slots.random, 20);
	int ended = errno;

	check_failure(job, "a store");
	for (unsigned i = 0; i < more; i++)
		if (!store(job, rpp) || errno != ended)
			job_fail(job, "on a handle that has ended with %s, a store gives %s",
				strerror(ended), strerror(errno));
	keep_before(job, HEALING, atomic_load(&job->quiet));
	while (holdfast_remote_reconnect(rpp)) {
		if (errno == ESTALE && atomic_load(&job->stolen))
			return take_back(job, rpp);
		check_failure(job, "reconnect");
		job->refused++;
		nap(PAUSE);
	}
	if (atomic_load(&job->stolen))
		job_fail(job, "reconnect has succeeded after another writer");
	check_equal(job, "reconnect");
	acknowledge_all(job);
	atomic_store(&job->quiet, true);
	atomic_fetch_add(&job->healed, 1);
	return rpp;
}

/* -- the start of a writer that replaces a killed one -- */

/*
 * Persist each store that the previous writer has begun and that was not acknowledged, because its
 * notes of unsent ranges are lost.
 */
static RPMEMpool *persist_again(struct job *job, RPMEMpool *rpp)
{
	bool failed = false;
	int error = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		const struct slot *slot = &job->slots.at[i];
		if (slot->acked == slot->started && !slot->relaxed)
			continue;
		if (rpmem_persist(rpp, slot->offset, slot->length, 0, 0)) {
			failed = true;
			error = errno;
		} else {
			slots_acknowledge(&job->slots, i);
		}
	}
	job->repeated++;
	errno = error;
	return failed ? heal(job, rpp) : rpp;
}

static void check_slots(struct job *job, const char *there)
{
	char why[512];

	for (unsigned i = 0; i < SLOTS; i++)
		if (!slots_check(&job->slots, i, there, why, sizeof(why)))
			job_fail(job, "rpmem_read: %s", why);
}

/*
 * Complete the words of each unfinished store in the memory: the previous writer may have been
 * killed while it wrote them.
 */
static void finish_stores(struct job *job)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (job->slots.at[i].acked != job->slots.at[i].started)
			slots_fill(&job->slots, job->memory, i);
}

static RPMEMpool *start(struct job *job)
{
	static char there[POOL_SIZE];
	RPMEMpool *rpp;

	finish_stores(job);
	while (!(rpp = open_pool(job))) {
		if (errno == EUCLEAN && job->marked)
			return sync_and_open(job);
		check_failure(job, "open");
		nap(PAUSE);
	}
	if (job->marked)
		job_fail(job, "a pool with the mark was opened");
	if (!rpmem_read(rpp, there, 0, POOL_SIZE, 0))
		check_slots(job, there);
	if (!atomic_load(&job->stolen) && draw(&job->slots.random, 2))
		return persist_again(job, rpp);
	rpmem_close(rpp);
	return sync_and_open(job);
}

void writer_run(struct job *job, bool last)
{
	RPMEMpool *rpp = start(job);

	atomic_store(&job->quiet, true);
	while (!last) {
		atomic_store(&job->phase, STORING);
		if (store(job, rpp))
			rpp = heal(job, rpp);
	}
	if (rpmem_close(rpp))
		job_fail(job, "close: %s", rpmem_errormsg());
	check_equal(job, "close");
	atomic_store(&job->phase, DONE);
	_exit(EXIT_SUCCESS);
}

void writer_steal(struct job *job)
{
	RPMEMpool *rpp;
	static _Alignas(4096) char other[POOL_SIZE];
	unsigned lanes = 1;

	memset(other, 0x5a, 64);
	for (int tries = 0;
		!(rpp = rpmem_open(job->host, job->set, other, POOL_SIZE, &lanes, NULL)); tries++) {
		check_failure(job, "another writer's open");
		if (tries == 100)
			_exit(EXIT_FAILURE); /* the first writer still has the pool open */
		nap(PAUSE);
		lanes = 1;
	}
	/* Store only to bytes before the first slot, because the contents of slots are checked. */
	if (rpmem_persist(rpp, 0, 64, 0, 0) || rpmem_close(rpp))
		job_fail(job, "another writer: %s", rpmem_errormsg());
	_exit(EXIT_SUCCESS);
}
