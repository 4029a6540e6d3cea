/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * patience.c - tests how long a waiter polls before it sleeps, on a simulated clock
 *
 * A waiter polls: it looks for its answer, and yields the CPU between two looks. If the yields take
 * long because other threads run, the waiter sleeps instead of polling.
 */
#include "fabric/patience.h"
#include "tap.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

/* Time to poll: the default of RPMEM_POLL_US. */
#define POLL (50 * US)
/*
 * ANSWER: time until an answer arrives; a waiter that sleeps gets it later. LOOK: time that one
 * look for the answer takes.
 */
#define ANSWER (10 * US)
#define LOOK   (2 * US)

static uint64_t now;

/* How long yields of the CPU take on the simulated machine. */
struct machine {
	uint64_t yield;      /* ns of a normal yield */
	unsigned every;      /* one yield in `every` is a long one; 0: none is */
	uint64_t long_yield; /* ns of a long yield */
	unsigned yields;     /* number of yields up to now */
};

struct count {
	unsigned polled, slept; /* number of waits that ended by polling, and by sleeping */
	uint64_t lost;          /* ns in long yields */
};

static void yield(struct machine *machine, struct count *count)
{
	if (machine->every && ++machine->yields % machine->every == 0) {
		now += machine->long_yield;
		count->lost += machine->long_yield;
	} else {
		now += machine->yield;
	}
}

/* Simulates one wait for an answer, with the same calls as src/fabric/wait.c makes. */
static void wait_once(struct patience *patience, struct machine *machine, struct count *count)
{
	uint64_t there = now + ANSWER;

	patience_begin(patience);
	while (now < there) {
		if (!patience_lasts(patience, now)) {
			now = there + PATIENCE_SLEEP_NS;
			count->slept++;
			return;
		}
		yield(machine, count);
		patience_yielded(patience, now);
		now += LOOK;
	}
	count->polled++;
}

static struct count wait_for(struct patience *patience, struct machine *machine, uint64_t time)
{
	struct count count = {0, 0, 0};

	for (uint64_t end = now + time; now < end;)
		wait_once(patience, machine, &count);
	return count;
}

static void test_limit(void)
{
	struct patience patience = {.poll_ns = POLL};
	uint64_t start = now = S;

	patience_begin(&patience);
	while (patience_lasts(&patience, now)) {
		patience_yielded(&patience, now += US / 2);
		now += LOOK;
	}
	ok(now - start >= POLL && now - start < POLL + 4 * US,
		"poll time: a waiter without an answer polls for %llu us, the limit is 50",
		(unsigned long long)((now - start) / US));
	now += S;
	ok(!patience_lasts(&patience, now), "poll time: a wait that has slept does not poll again");
	patience_begin(&patience);
	ok(patience_lasts(&patience, now),
		"poll time: after a wait that slept, the next wait polls again");
	patience = (struct patience){.poll_ns = 0};
	ok(!patience_lasts(&patience, now), "poll time 0: a waiter sleeps at once");
}

static void test_idle(void)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine idle = {.yield = US / 2};
	struct count count = wait_for(&patience, &idle, S);

	ok(count.polled > 50000 && !count.slept, "idle machine: %u waits, all of them polled",
		count.polled);
	struct machine tick = {.yield = US / 2, .every = 1000, .long_yield = 30 * US};
	count = wait_for(&patience, &tick, S);
	ok(count.polled > 50000 && !count.slept,
		"interrupts of 30 us now and then: %u waits, all of them polled", count.polled);
	struct machine peers = {.yield = 150 * US};
	count = wait_for(&patience, &peers, S);
	ok(count.polled > 5000 && !count.slept,
		"16 waiters take turns on a CPU: %u waits poll, none sleeps", count.polled);
}

static void test_busy(uint64_t slice)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine idle = {.yield = US / 2};
	struct machine busy = {.every = 1, .long_yield = slice};
	unsigned long long us = slice / US;

	wait_for(&patience, &idle, S / 10);
	uint64_t start = now;
	struct count count = {0, 0, 0};
	while (!count.slept && count.polled < 100)
		wait_once(&patience, &busy, &count);
	ok(now - start <= 20 * MS,
		"busy CPU with time slices of %llu us: the first wait sleeps after %llu us", us,
		(unsigned long long)((now - start) / US));
	wait_for(&patience, &busy, 2 * S);
	count = wait_for(&patience, &busy, 10 * S);
	ok(count.slept > 200 * count.polled && count.polled,
		"busy CPU with time slices of %llu us: %u waits sleep, few (%u) try to poll", us,
		count.slept, count.polled);
	ok(count.lost < 10 * S / 25,
		"busy CPU with time slices of %llu us: attempts to poll lose %llu ms of 10 s", us,
		(unsigned long long)(count.lost / MS));
	wait_for(&patience, &idle, S / 2);
	count = wait_for(&patience, &idle, S);
	ok(!count.slept,
		"busy CPU with time slices of %llu us: half a second after the load ended all waits poll again",
		us);
}

/*
 * Other threads run rarely but long. A waiter that always slept would lose more time than these
 * threads take.
 */
static void test_rare(void)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine rare = {.yield = US / 2, .every = 500, .long_yield = 3 * MS};
	struct count count = wait_for(&patience, &rare, 10 * S);

	ok(count.polled > 4 * count.slept,
		"other threads run rarely, for 3 ms: most waits (%u) poll, %u sleep", count.polled,
		count.slept);
}

/* The waiter loses the CPU between two looks, without a yield: the clock jumps by 4 ms. */
static void test_interrupted(void)
{
	struct patience patience = {.poll_ns = POLL};
	unsigned tries = 0;

	now = S;
	for (bool slept = false; !slept && tries < 100; tries++) {
		patience_begin(&patience);
		slept = !patience_lasts(&patience, now);
		now += 4 * MS;
		patience_lasts(&patience, now);
	}
	ok(tries <= 4,
		"interrupted between two looks: the waiter sleeps in wait %u, at the latest in wait 4",
		tries);
	patience = (struct patience){.poll_ns = POLL};
	for (unsigned i = 0; i < 100; i++) {
		patience_begin(&patience);
		while (patience_lasts(&patience, now))
			now += LOOK;
		now += S; /* asleep */
		patience_lasts(&patience, now);
	}
	patience_begin(&patience);
	ok(patience_lasts(&patience, now),
		"long sleeps: a waiter that slept for 1 s polls in its next wait");
}

int main(void)
{
	test_limit();
	test_idle();
	test_busy(700 * US);
	test_busy(4 * MS);
	test_busy(12 * MS);
	test_rare();
	test_interrupted();
	return tap_done();
}
