/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane-counters.c - the counters of lanes can be summed while their pool is being opened
 *
 * A thread sums the counters again and again, as the monitor of a control channel does when the
 * target asks. The thread must see zeros, and not what the memory contained before.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "librpmem/count.h"
#include "tap.h"

#define LANES 16384 /* far more than pools usually have: clearing so many counters takes long */
#define POOLS 24

static RPMEMpool pools[POOLS];
static atomic_uint opening; /* index of the pool whose counters are summed */
static atomic_uint sums;    /* number of times that counters were summed */
static atomic_bool stop;

static void *sum(void *unused)
{
	static unsigned wrong;
	struct wire_counters counters;

	(void)unused;
	while (!stop) {
		/*
		 * Uses atomic_load(): gcc 12 would read an atomic index by a plain load, which the
		 * sanitizer reports.
		 */
		count_sum(&pools[atomic_load(&opening)], &counters);
		wrong += counters.flushes || counters.drains || counters.retries ||
			 counters.failures || counters.times[0];
		sums++;
	}
	return &wrong;
}

/* Wait until the thread has summed the counters once more, from the beginning. */
static void wait_for_sum(void)
{
	unsigned before = sums;

	while (sums - before < 2)
		;
}

static void test_opening(void)
{
	pthread_t thread;
	void *wrong;

	mallopt(M_PERTURB, 0xa5); /* fill new memory, which might contain zeros by chance */
	if (pthread_create(&thread, NULL, sum, NULL))
		bail("no thread");
	for (unsigned i = 0; i < POOLS; i++) {
		pools[i].nlanes = LANES;
		opening = i;
		wait_for_sum();
		if (i)
			count_close(&pools[i - 1]);
		if (count_open(&pools[i]))
			bail("no memory");
		wait_for_sum();
	}
	stop = true;
	pthread_join(thread, &wrong);
	is_int((int)*(unsigned *)wrong, 0,
		"count_sum: counters of a pool that is being opened are zeros");
}

/*
 * When the lanes of a pool over ssh are made again, the target may grant fewer lanes than before.
 */
static void test_fewer_lanes(void)
{
	RPMEMpool *last = &pools[POOLS - 1];
	struct wire_counters counters;

	count_flush(last, LANES - 1, 64, 0);
	count_sum(last, &counters);
	is_int((int)counters.bytes, 64,
		"count_sum: bytes that were sent on the last lane are counted");
	last->nlanes = 1;
	count_flush(last, 0, 64, 0);
	count_sum(last, &counters);
	is_int((int)counters.bytes, 128,
		"count_sum: after the number of lanes was reduced, bytes sent on the removed lanes are still counted");
}

int main(void)
{
	test_opening();
	test_fewer_lanes();
	count_close(&pools[POOLS - 1]);
	return tap_done();
}
