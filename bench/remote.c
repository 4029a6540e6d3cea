/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote.c - compares our remote calls with transfers over libfabric's tcp alone; both ends are on
 * this machine
 *
 *	remote RPMEMD SSH SCRATCH-DIRECTORY [MILLISECONDS [GROUP [CALL]]]
 *
 * SSH is a program that replaces ssh and runs the command on this machine. RPMEMD and SSH are
 * absolute paths. Prints a row for each measurement in the table (remote-cells.c). The row has the
 * time of our call, and as the peer's time that of the call with which ours is compared. Times are
 * of one call, or of a batch, over all lanes. Some rows also have a bare time: if the target must
 * flush bytes, that of a transfer over libfabric alone, followed by flush instructions; after a
 * pause, that of a message over libfabric to a process that sleeps, and of its answer.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare.h"
#include "busy.h"
#include "clock.h"
#include "fabric.h"
#include "nbdkit.h"
#include "place.h"
#include "pools.h"
#include "remote-cells.h"
#include "rows.h"

#define PAGE_SIZE ((size_t)4096)
/* Bytes that each thread transfers in a sample, by one call or by several. */
#define WORKERS_IN (128 * PAGE_SIZE)
#define CALLS_MAX  100
/* Number of pauses in a sample, if calls come after pauses. Only the last call is measured. */
#define PAUSES 12
/* Microseconds to wait after busy loops have ended: by then both ends poll again. */
#define AFTER_BUSY_US 1000000

static char *plain_file;
static double budget_ns = 1e9;
static const char *only_group, *only_call;
static bool has_nbd;

static void must(int code)
{
	if (code)
		errx(1, "%s", rpmem_errormsg());
}

/* -- one call -- */

static size_t place_of(const struct remote_cell *cell, unsigned lane)
{
	return cell->lanes > 1 ? lane * (POOL_SIZE / POOL_LANES) : 0;
}

static void ours(const struct remote_cell *cell, unsigned lane)
{
	RPMEMpool *pool = pools[cell->pool];
	size_t at = place_of(cell, lane);

	if (cell->call == REMOTE_PERSIST)
		must(rpmem_persist(
			pool, at, cell->length, lane, cell->relaxed ? RPMEM_PERSIST_RELAXED : 0));
	else if (cell->call == REMOTE_READ)
		must(rpmem_read(pool, pool_local + at, at, cell->length, lane));
	else {
		for (size_t i = 0; i < cell->flushes; i++)
			must(rpmem_flush(pool, at + i * PAGE_SIZE, cell->length, lane,
				cell->relaxed ? RPMEM_FLUSH_RELAXED : 0));
		must(rpmem_drain(pool, lane, 0));
	}
}

static void sync_pages(const struct remote_cell *cell)
{
	size_t span = (cell->flushes - 1) * PAGE_SIZE + cell->length;

	for (size_t i = 0; i < span; i += PAGE_SIZE)
		plain_file[i]++;
	if (msync(plain_file, span, MS_SYNC))
		err(1, "msync");
}

static void beside(const struct remote_cell *cell, unsigned lane)
{
	switch (cell->beside) {
	case BESIDE_PING:
		fabric_ping(lane, cell->beside_length);
		break;
	case BESIDE_WRITE_READ:
		fabric_write(lane, cell->beside_length);
		fabric_read(lane, 8);
		break;
	case BESIDE_READ:
		fabric_read(lane, cell->beside_length);
		break;
	case BESIDE_PERSIST:
		must(rpmem_persist(pools[cell->pool], 0, cell->beside_length, lane,
			cell->relaxed ? RPMEM_PERSIST_RELAXED : 0));
		break;
	case BESIDE_ONE_LANE:
		ours(cell, lane);
		break;
	case BESIDE_MSYNC:
		sync_pages(cell);
		break;
	case BESIDE_NBD:
		if (cell->call == REMOTE_READ)
			nbdkit_read(cell->length);
		else
			nbdkit_persist(cell->length, cell->flushes);
		break;
	}
}

/* -- a sample: one call, or several calls on each lane -- */

typedef void run_fn(const struct remote_cell *cell, unsigned lane);

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	run_fn *run;
	const struct remote_cell *cell;
	unsigned lane;
	size_t calls;
	double begun, ended;
};

static void *work(void *argument)
{
	struct worker *worker = argument;

	worker->run(worker->cell, worker->lane);
	pthread_barrier_wait(worker->start);
	worker->begun = now_ns();
	for (size_t i = 0; i < worker->calls; i++)
		worker->run(worker->cell, worker->lane);
	worker->ended = now_ns();
	return NULL;
}

static double timed_lanes(run_fn *run, const struct remote_cell *cell, unsigned lanes)
{
	struct worker workers[POOL_LANES];
	pthread_barrier_t start;
	size_t calls = WORKERS_IN / cell->length;
	double begun = 0, ended = 0;

	calls = calls > CALLS_MAX ? CALLS_MAX : calls;
	pthread_barrier_init(&start, NULL, lanes);
	for (unsigned i = 0; i < lanes; i++) {
		workers[i] = (struct worker){
			.start = &start, .run = run, .cell = cell, .lane = i, .calls = calls};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			errx(1, "cannot start a thread");
	}
	for (unsigned i = 0; i < lanes; i++) {
		pthread_join(workers[i].thread, NULL);
		begun = !i || workers[i].begun < begun ? workers[i].begun : begun;
		ended = !i || workers[i].ended > ended ? workers[i].ended : ended;
	}
	pthread_barrier_destroy(&start);
	return (ended - begun) / (double)(calls * lanes);
}

/*
 * Times one call, after a few calls that wake up the other end. For a cell with pauses, more calls
 * come before the timed one; a millisecond passes before each of these, and before the timed call.
 */
static double timed_call(run_fn *run, const struct remote_cell *cell)
{
	for (int i = 0; i < 4; i++)
		run(cell, 0);
	for (int i = 0; cell->idle && i < PAUSES; i++) {
		usleep(1000);
		if (i < PAUSES - 1)
			run(cell, 0);
	}
	double start = now_ns();
	run(cell, 0);
	return now_ns() - start;
}

/*
 * Writes over libfabric alone, and makes the bytes durable with bare instructions. A persist of
 * our library is compared with this.
 */
static void bare_durably(const struct remote_cell *cell, unsigned lane)
{
	fabric_write_durably(lane, cell->beside_length, !cell->relaxed);
}

/* Exchanges a message and its answer with an end that sleeps until the message arrives. */
static void bare_asleep(const struct remote_cell *cell, unsigned lane)
{
	(void)lane;
	fabric_ping(FABRIC_SLEEPER, cell->beside_length);
}

static bool has_bare(const struct remote_cell *cell)
{
	if (cell->idle)
		return true;
	return cell->call == REMOTE_PERSIST && cell->pool == LINE && !cell->threads &&
	       cell->beside == BESIDE_WRITE_READ && bare_persist(BARE_FLUSH_DRAIN);
}

static double sample(size_t contestant, const struct remote_cell *cell)
{
	bool is_bare = contestant != OURS && cell->beside <= BESIDE_READ;
	run_fn *bare = cell->idle ? bare_asleep : bare_durably;
	run_fn *run = contestant == OURS ? ours : contestant == BARE ? bare : beside;
	unsigned lanes = contestant != OURS && cell->beside == BESIDE_ONE_LANE ? 1 : cell->lanes;

	if (is_bare)
		fabric_wake(lanes);
	else
		fabric_rest();
	/* Sleep until the target, which polls for a while after each call, has stopped polling. */
	usleep(200);
	return cell->threads ? timed_lanes(run, cell, lanes) : timed_call(run, cell);
}

static void visit(const struct remote_cell *cell)
{
	static struct samples samples;
	double begun = now_ns();
	size_t order[CONTESTANTS], count = has_bare(cell) ? BARE + 1 : BARE;

	if (only_group && strcmp(only_group, remote_cell_group(cell)))
		return;
	if (only_call && strcmp(only_call, remote_cell_call(cell)))
		return;
	if (cell->beside == BESIDE_NBD && !has_nbd)
		return;
	if (busy_set(cell->loops))
		usleep(AFTER_BUSY_US);
	for (samples.rounds = 0; samples.rounds < 9 || now_ns() - begun < budget_ns;) {
		rows_order(order, count);
		for (size_t i = 0; i < count; i++)
			samples.of[order[i]][samples.rounds] = sample(order[i], cell);
		if (++samples.rounds == ROUNDS_MAX)
			break;
	}
	fabric_rest();
	rows_print(
		&(struct title){remote_cell_group(cell), remote_cell_call(cell),
			cell->relaxed ? "RELAXED" : "-", remote_cell_beside(cell),
			remote_cell_pace(cell), cell->length, cell->goal > 0 ? 1 / cell->goal : 0},
		&samples, count);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "usage: remote RPMEMD SSH SCRATCH-DIRECTORY [MILLISECONDS [GROUP [CALL]]]");
	if (argc > 4)
		budget_ns = strtod(argv[4], NULL) * 1e6;
	only_group = argc > 5 ? argv[5] : NULL;
	only_call = argc > 6 ? argv[6] : NULL;
	pools_prepare(argv, argv[1], argv[2], argv[3]);
	place_this_end();
	fabric_start(FABRIC_SIZE, FABRIC_LANES);
	pools_open();
	plain_file = pools_plain_file(argv[3]);
	has_nbd = nbdkit_start(pools_memory_folder(), POOL_SIZE);
	remote_cells_walk(visit);
	busy_set(0);
	if (has_nbd)
		nbdkit_stop();
	pools_close();
	return 0;
}
