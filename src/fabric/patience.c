/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/patience.h"

/*
 * Roughly the number of yields of the CPU over which the mean of the time lost to other threads is
 * computed.
 */
#define YIELDS 256
/*
 * How late a nap (a sleep until an answer is expected) may end, in ns: LATE_FIRST is assumed before
 * the first nap, and longer delays than LATE_MOST count as LATE_MOST. In a virtual machine (Intel,
 * family 6, model 207) sleeps of 0.2 to 3 ms ended 80 us late, 99 of 100 at most 120 us late, and
 * 36 and 97 us with a timer slack of 1 ns.
 */
#define LATE_FIRST UINT64_C(80000)
#define LATE_MOST  UINT64_C(300000)
/*
 * A nap (a sleep until an answer is expected) that would be shorter than this, in ns, is not worth
 * its two system calls and a timer.
 */
#define NAP_LEAST UINT64_C(50000)
/*
 * In ns: a window (the time in which an answer is expected) begins this much before the length of
 * the shortest earlier wait, and ends this much after that of the longest.
 */
#define MARGIN UINT64_C(20000)

/* -- losing time to other threads -- */

static void rest(struct patience *patience, uint64_t now, uint64_t loss)
{
	uint64_t length = 2 * patience->rest_ns;

	if (length < PATIENCE_REST_FIRST * loss)
		length = PATIENCE_REST_FIRST * loss;
	if (length > PATIENCE_REST_MOST * loss)
		length = PATIENCE_REST_MOST * loss;
	if (length > PATIENCE_REST_NS)
		length = PATIENCE_REST_NS;
	patience->rest_ns = length;
	patience->rest_until = now + length;
}

/*
 * Add the length of a yield to the mean loss: the waiter has yielded the CPU, and ran again only
 * after `away` ns.
 */
static void lose(struct patience *patience, uint64_t now, uint64_t away)
{
	uint64_t loss = away > PATIENCE_TURN_NS ? away : 0;

	patience->loss_ns += loss / YIELDS - patience->loss_ns / YIELDS;
	if (patience->loss_ns > PATIENCE_SLEEP_NS)
		rest(patience, now, loss);
	else
		patience->rest_ns -= patience->rest_ns / YIELDS;
}

/*
 * Returns true while the waiter rests (sleeps at once in every wait, because polling has lost time
 * to other threads). After a rest the mean loss is at its limit, so that one more loss begins
 * another rest.
 */
static bool rests(struct patience *patience, uint64_t now)
{
	if (patience->rest_until && now >= patience->rest_until) {
		patience->rest_until = 0;
		patience->loss_ns = PATIENCE_SLEEP_NS;
	}
	return patience->rest_until;
}

/* -- the window in which an answer is expected -- */

/*
 * Compute the window, the time in which an answer is expected, from the lengths of earlier waits.
 * There is no window if too many of these waits were too long, or if polling in all of it would
 * take longer than the credit, which is the time that may still be spent on polling in windows.
 */
static void open_window(struct patience *patience)
{
	bool skips = patience->in_row >= PATIENCE_GAPS;
	uint64_t first = skips ? 0 : patience->poll_ns;
	uint64_t lead = (patience->late_ns ? patience->late_ns : LATE_FIRST) + MARGIN;
	uint64_t shortest = UINT64_MAX, longest = 0;
	unsigned near = 0;

	patience->to_ns = 0;
	patience->skips = false;
	for (unsigned i = 0; i < PATIENCE_GAPS; i++) {
		uint64_t gap = patience->gaps[i];
		if (!gap || gap > PATIENCE_FAR_NS)
			continue;
		near++;
		shortest = gap < shortest ? gap : shortest;
		longest = gap > longest ? gap : longest;
	}
	if (near < PATIENCE_GAPS - PATIENCE_FEW)
		return;
	patience->from_ns = shortest > first + lead + NAP_LEAST ? shortest - lead : first;
	uint64_t to = longest + (longest - shortest) / 2 + MARGIN;
	if (to - patience->from_ns > patience->credit_ns)
		return;
	patience->to_ns = to;
	patience->skips = skips;
}

/*
 * Update the credit, which is the time that may still be spent on polling in windows: subtract the
 * time of this wait's polling in its window, and add a part of all the time that has passed.
 */
static void pay(struct patience *patience, uint64_t gap)
{
	uint64_t end = gap < patience->to_ns ? gap : patience->to_ns;

	if (end > patience->from_ns)
		patience->credit_ns -= end - patience->from_ns;
	patience->credit_ns += (patience->looked - patience->learned) / PATIENCE_SHARE;
	if (patience->credit_ns > PATIENCE_CREDIT_NS)
		patience->credit_ns = PATIENCE_CREDIT_NS;
	patience->learned = patience->looked;
}

/* Remember the length, in ns, of a wait that is over. */
static void learn(struct patience *patience, uint64_t gap)
{
	if (gap <= patience->poll_ns) {
		patience->in_row = 0;
		patience->skips = false;
		return;
	}
	pay(patience, gap);
	patience->gaps[patience->gap++ % PATIENCE_GAPS] = gap;
	patience->in_row++;
	open_window(patience);
}

/* -- a wait -- */

void patience_begin(struct patience *patience)
{
	if (patience->learns && patience->began)
		learn(patience, patience->looked - patience->began);
	patience->began = 0;
	patience->polls = false;
}

/* Returns true if polling is allowed when a wait has lasted for `waited` ns. */
static bool expects(const struct patience *patience, uint64_t waited)
{
	return (waited < patience->poll_ns && !patience->skips) ||
	       (waited < patience->to_ns && waited >= patience->from_ns);
}

bool patience_lasts(struct patience *patience, uint64_t now)
{
	uint64_t since = now - patience->looked;

	if (patience->polls && since > PATIENCE_TURN_NS)
		lose(patience, now, since);
	if (!patience->began)
		patience->began = now;
	patience->looked = now;
	patience->polls = !rests(patience, now) && expects(patience, now - patience->began);
	return patience->polls;
}

void patience_yielded(struct patience *patience, uint64_t now)
{
	lose(patience, now, now - patience->looked);
	patience->looked = now;
}

uint64_t patience_nap(struct patience *patience)
{
	uint64_t waited = patience->looked - patience->began;

	if (patience->rest_until || !patience->to_ns || waited >= patience->from_ns)
		return 0;
	patience->nap_until = patience->began + patience->from_ns;
	return patience->from_ns - waited;
}

void patience_slept(struct patience *patience, uint64_t now)
{
	if (patience->nap_until && now >= patience->nap_until) {
		uint64_t late = now - patience->nap_until;
		if (late > LATE_MOST)
			late = LATE_MOST;
		if (late < patience->late_ns)
			late = patience->late_ns - (patience->late_ns - late) / 8;
		patience->late_ns = late;
	}
	patience->nap_until = 0;
	patience->looked = now;
}
