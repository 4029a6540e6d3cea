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

/* How long a yield takes on the simulated machine, and how late a timer wakes a waiter. */
struct machine {
	uint64_t yield;      /* ns of a normal yield */
	unsigned every;      /* one in `every` yields is a long one; 0: no yield is long */
	uint64_t long_yield; /* ns of a long yield */
	unsigned yields;     /* number of yields up to now */
	uint64_t late;       /* ns from the time limit of a sleep until the waiter runs */
};

struct count {
	unsigned polled, slept; /* number of waits that ended by polling, and by sleeping */
	unsigned napped;        /* number of sleeps with a time limit */
	uint64_t lost;          /* ns lost in long yields */
	uint64_t polled_ns;     /* ns of polling */
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

/*
 * Simulates a sleep. It ends when its time limit (nap) is over or when the answer arrives, in each
 * case with a delay.
 */
static void fall_asleep(
	struct patience *patience, struct machine *machine, struct count *count, uint64_t there)
{
	uint64_t nap = patience_nap(patience);
	uint64_t woken = there + PATIENCE_SLEEP_NS;

	count->napped += nap != 0;
	if (nap && now + nap + machine->late < woken)
		woken = now + nap + machine->late;
	now = woken;
	patience_slept(patience, now);
}

/*
 * Simulates a wait, with the calls that src/fabric/wait.c makes. The answer arrives at the time
 * `there`.
 */
static void wait_until(
	struct patience *patience, struct machine *machine, struct count *count, uint64_t there)
{
	bool polls = true;

	patience_begin(patience);
	while (now < there) {
		uint64_t began = now;
		polls = patience_lasts(patience, now);
		if (!polls) {
			fall_asleep(patience, machine, count, there);
			continue;
		}
		yield(machine, count);
		patience_yielded(patience, now);
		now += LOOK;
		count->polled_ns += now - began;
	}
	if (polls)
		count->polled++;
	else
		count->slept++;
}

static void wait_once(struct patience *patience, struct machine *machine, struct count *count)
{
	wait_until(patience, machine, count, now + ANSWER);
}

static struct count wait_for(struct patience *patience, struct machine *machine, uint64_t time)
{
	struct count count = {0};

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
		"poll time of 50 us: a waiter that gets no answer polls for %llu us",
		(unsigned long long)((now - start) / US));
	now += S;
	ok(!patience_lasts(&patience, now),
		"poll time of 50 us: once a waiter has slept, it does not poll again in the same wait");
	patience_begin(&patience);
	ok(patience_lasts(&patience, now),
		"poll time of 50 us: a waiter that slept in one wait polls at the beginning of its next wait");
	patience = (struct patience){.poll_ns = 0};
	ok(!patience_lasts(&patience, now), "poll time 0: a waiter sleeps at once");
}

static void test_idle(void)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine idle = {.yield = US / 2};
	struct count count = wait_for(&patience, &idle, S);

	ok(count.polled > 50000 && !count.slept,
		"idle machine: all of %u waits end while the waiter polls", count.polled);
	struct machine tick = {.yield = US / 2, .every = 1000, .long_yield = 30 * US};
	count = wait_for(&patience, &tick, S);
	ok(count.polled > 50000 && !count.slept,
		"machine with occasional interrupts of 30 us: all of %u waits end while the waiter polls",
		count.polled);
	struct machine peers = {.yield = 150 * US};
	count = wait_for(&patience, &peers, S);
	ok(count.polled > 5000 && !count.slept,
		"16 waiters take turns on a CPU: all of %u waits end while the waiter polls",
		count.polled);
}

static void test_busy(uint64_t slice)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine idle = {.yield = US / 2};
	struct machine busy = {.every = 1, .long_yield = slice};
	unsigned long long us = slice / US;

	wait_for(&patience, &idle, S / 10);
	uint64_t start = now;
	struct count count = {0};
	while (!count.slept && count.polled < 100)
		wait_once(&patience, &busy, &count);
	ok(now - start <= 20 * MS,
		"busy CPU with time slices of %llu us: the waiter sleeps for the first time after %llu us",
		us, (unsigned long long)((now - start) / US));
	wait_for(&patience, &busy, 2 * S);
	count = wait_for(&patience, &busy, 10 * S);
	ok(count.slept > 200 * count.polled && count.polled,
		"busy CPU with time slices of %llu us: %u waits end while the waiter sleeps, only %u while it polls",
		us, count.slept, count.polled);
	ok(count.lost < 10 * S / 25,
		"busy CPU with time slices of %llu us: attempts to poll lose %llu ms of 10 s", us,
		(unsigned long long)(count.lost / MS));
	wait_for(&patience, &idle, S / 2);
	count = wait_for(&patience, &idle, S);
	ok(!count.slept,
		"busy CPU with time slices of %llu us: half a second after the load has ended, no wait sleeps",
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
		"other threads run rarely, for 3 ms: most waits (%u) end while the waiter polls, %u while it sleeps",
		count.polled, count.slept);
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
		"waiter that loses the CPU while it polls: it sleeps in wait %u, at the latest in wait 4",
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

/* Returns a pseudorandom number below `limit`. All runs of the test get the same numbers. */
static uint64_t random_below(uint64_t limit)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % limit;
}

/*
 * Simulates `waits` waits. Each ends with a message, which arrives `period` to `period` + `jitter`
 * ns after the beginning of the wait.
 */
static struct count wait_for_messages(struct patience *patience, struct machine *machine,
	uint64_t period, uint64_t jitter, unsigned waits)
{
	struct count count = {0};

	for (unsigned i = 0; i < waits; i++)
		wait_until(patience, machine, &count, now + period + random_below(jitter + 1));
	return count;
}

static struct machine calm(void)
{
	return (struct machine){.yield = US / 2, .late = 60 * US};
}

static void test_steady(uint64_t period, uint64_t jitter)
{
	struct patience patience = {.poll_ns = POLL, .learns = true};
	struct machine machine = calm();
	unsigned long long us = period / US;

	now = S;
	wait_for_messages(&patience, &machine, period, jitter, 20);
	uint64_t begin = now;
	struct count count = wait_for_messages(&patience, &machine, period, jitter, 1000);
	ok(count.polled >= 850,
		"a message every %llu us: in %u of 1000 waits, the waiter polls when the message arrives",
		us, count.polled);
	ok(count.polled_ns <= (now - begin) / 4,
		"a message every %llu us: the waiter polls for %llu us of each wait, less than a quarter of its time",
		us, (unsigned long long)(count.polled_ns / US / 1000));
}

/* Messages at unpredictable times: polling takes a limited time, whether it finds them or not. */
static void test_share(void)
{
	struct patience patience = {.poll_ns = POLL, .learns = true};
	struct machine machine = calm();
	uint64_t begin = now = S;
	struct count count = wait_for_messages(&patience, &machine, 200 * US, 4 * MS, 5000);
	uint64_t first = 5000 * (POLL + 4 * US);
	uint64_t most = (now - begin) / PATIENCE_SHARE + PATIENCE_CREDIT_NS + 5 * MS;

	ok(count.polled_ns < first + most && count.polled_ns > first + most / 2,
		"messages at random times: polling when a message is expected takes %llu ms of %llu ms, at most a quarter",
		(unsigned long long)((count.polled_ns - first) / MS),
		(unsigned long long)((now - begin) / MS));
}

static void test_pause(void)
{
	struct patience patience = {.poll_ns = POLL, .learns = true};
	struct machine machine = calm();

	now = S;
	wait_for_messages(&patience, &machine, MS, 50 * US, 100);
	struct count count = wait_for_messages(&patience, &machine, 100 * S, 0, 1);
	ok(count.slept == 1 && count.napped == 1 && count.polled_ns < MS,
		"no message for 100 s after many messages: the waiter polls for %llu us, then sleeps without a time limit",
		(unsigned long long)(count.polled_ns / US));
	count = wait_for_messages(&patience, &machine, MS, 50 * US, 100);
	ok(count.polled >= 80,
		"messages again after 100 s without any: %u of the next 100 waits end while the waiter polls",
		count.polled);
	wait_for_messages(&patience, &machine, 10 * MS, 0, 10);
	count = wait_for_messages(&patience, &machine, 10 * MS, 0, 100);
	ok(count.slept == 100 && !count.napped && count.polled_ns < 100 * (POLL + 4 * US),
		"a message every 10 ms: each wait polls for the configured time at its beginning, then sleeps");
}

static void test_burst(void)
{
	struct patience patience = {.poll_ns = POLL, .learns = true};
	struct machine machine = calm();

	now = S;
	wait_for_messages(&patience, &machine, MS, 50 * US, 100);
	struct count count = wait_for_messages(&patience, &machine, 10 * US, 0, 1);
	ok(count.slept == 1,
		"burst of messages after single ones: the waiter sleeps in the first wait of the burst");
	count = wait_for_messages(&patience, &machine, 10 * US, 0, 20);
	ok(count.polled == 20,
		"burst of messages after single ones: all later waits of the burst end while the waiter polls");
	for (unsigned i = 0; i < 20; i++) {
		wait_for_messages(&patience, &machine, MS, 50 * US, 1);
		count = wait_for_messages(&patience, &machine, 10 * US, 0, 3);
	}
	ok(count.polled == 3,
		"a burst of messages in each millisecond: each wait in a burst ends while the waiter polls");
	count = wait_for_messages(&patience, &machine, MS, 50 * US, 1);
	ok(count.polled == 1,
		"a burst of messages in each millisecond: the wait for the next burst ends while the waiter polls");
}

static void test_fixed(void)
{
	struct patience patience = {.poll_ns = POLL};
	struct machine machine = calm();

	now = S;
	struct count count = wait_for_messages(&patience, &machine, MS, 0, 100);
	ok(count.slept == 100 && !count.napped && count.polled_ns < 100 * (POLL + 4 * US),
		"waiter that does not predict messages: it polls for the configured time in each wait, then sleeps");
}

/*
 * Other threads want the CPU, so the waiter rests, that is, sleeps at once in each wait: it must
 * not wake up to poll when a message is expected, even if messages arrive regularly.
 */
static void test_busy_window(void)
{
	struct patience patience = {.poll_ns = POLL, .learns = true};
	struct machine machine = calm();
	struct machine busy = {.every = 1, .long_yield = 4 * MS, .late = 60 * US};

	now = S;
	wait_for_messages(&patience, &machine, MS, 0, 100);
	wait_for_messages(&patience, &busy, MS, 0, 1000);
	uint64_t begin = now;
	struct count count = wait_for_messages(&patience, &busy, MS, 0, 9000);
	ok(count.napped < 100 && count.slept > 8900,
		"regular messages on a busy CPU: waits end while the waiter sleeps, %u sleeps have a time limit",
		count.napped);
	ok(count.lost < (now - begin) / 25,
		"regular messages on a busy CPU: attempts to poll lose %llu ms of %llu ms",
		(unsigned long long)(count.lost / MS), (unsigned long long)((now - begin) / MS));
	wait_for_messages(&patience, &machine, MS, 0, 1000);
	count = wait_for_messages(&patience, &machine, MS, 0, 100);
	ok(count.polled == 100,
		"regular messages on a busy CPU: a second after the load has ended, the waiter polls in all waits");
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
	test_steady(500 * US, 20 * US);
	test_steady(MS, 60 * US);
	test_steady(3 * MS, 100 * US);
	test_share();
	test_pause();
	test_burst();
	test_fixed();
	test_busy_window();
	return tap_done();
}
