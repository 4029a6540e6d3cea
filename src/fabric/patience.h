/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * patience.h - decide if a waiter continues to poll, or sleeps
 *
 * A waiter that polls sees an answer soonest, as long as no other thread wants its CPU. If other
 * threads want the CPU, polling uses up the waiter's share of it. The scheduler then runs those
 * threads for whole time slices, which are milliseconds, while a waiter that sleeps would be woken
 * within microseconds. So the time that a waiter loses to others while it polls is measured. If
 * the mean loss exceeds the cost of a sleep, the waiter *rests*: it sleeps at once in every wait.
 * A rest is a multiple of the last loss, and becomes longer each time that polling after it loses
 * again, so that trying costs little. Once the other threads are gone, the waiter soon polls
 * again.
 *
 * A waiter that *learns* also polls later in a wait, at the time when the answer is expected. It
 * remembers the lengths of its last PATIENCE_GAPS waits that were longer than `poll_ns`. If most
 * of them were at most PATIENCE_FAR_NS, their range, with a margin, is the *window*: the waiter
 * sleeps until the window begins (a *nap*), polls until the window ends, and then sleeps without
 * limit. So a message that comes once in a millisecond is seen as soon as if the waiter had polled
 * all the time. If all of these waits were in a row, without a shorter one between them, the
 * waiter does not poll before the window, either. Polling in windows, in vain or not, takes at
 * most 1/PATIENCE_SHARE of the time, and PATIENCE_CREDIT_NS at first. A rest has no window.
 *
 * The caller passes all times, in nanoseconds of one clock. A struct patience belongs to one
 * thread at a time. It begins as zeros with `poll_ns` and `learns` set, and is kept from one wait
 * to the next:
 *
 *	patience_begin(&patience);
 *	while (!look())
 *		if (patience_lasts(&patience, now())) {
 *			sched_yield();
 *			patience_yielded(&patience, now());
 *		} else {
 *			sleep(patience_nap(&patience));
 *			patience_slept(&patience, now());
 *		}
 */
#ifndef FABRIC_PATIENCE_H
#define FABRIC_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The extra cost of a sleep in ns, compared with polling: 20 to 40 us were measured, mostly for
 * waking an idle CPU.
 */
#define PATIENCE_SLEEP_NS UINT64_C(30000)
/*
 * If a waiter yields the CPU and runs again in less than this time, in ns, it has lost no time to
 * other threads. Other waiters poll and yield, too, and so does a peer on the same CPU: 16 such
 * threads take turns in 150 us. A time slice of the scheduler is at least 700 us.
 */
#define PATIENCE_TURN_NS UINT64_C(200000)
/*
 * Lengths of the first and of the longest rest, in which a waiter sleeps instead of polling, as
 * multiples of the time that it has last lost to other threads.
 */
#define PATIENCE_REST_FIRST UINT64_C(4)
#define PATIENCE_REST_MOST  UINT64_C(64)
/*
 * Maximum length in ns of a rest, in which a waiter sleeps instead of polling, since other threads
 * want the CPU. It is limited, because these threads may end during the rest.
 */
#define PATIENCE_REST_NS UINT64_C(500000000)

/*
 * The window, in which an answer is expected, is computed from the lengths of this many waits, and
 * there is no window if more than PATIENCE_FEW of them were longer than PATIENCE_FAR_NS.
 */
#define PATIENCE_GAPS 8
#define PATIENCE_FEW  2
/*
 * In ns: if waits are longer than this, the waiter does not poll at the time when an answer is
 * expected.
 */
#define PATIENCE_FAR_NS UINT64_C(5000000)
/*
 * Polling in windows, at the times when an answer is expected, takes at most one part in
 * PATIENCE_SHARE of the time since the first wait, and PATIENCE_CREDIT_NS in addition.
 */
#define PATIENCE_SHARE     UINT64_C(4)
#define PATIENCE_CREDIT_NS UINT64_C(10000000)

struct patience {
	uint64_t poll_ns; /* the time to poll at the beginning of a wait; 0: do not poll */
	bool learns;      /* also poll in windows, the times when an answer is expected */
	/* The members below are private to patience.c. */
	uint64_t began;  /* when this wait first looked for an answer; 0: it has not looked yet */
	uint64_t looked; /* when a function was last given the time */
	bool polls;      /* what the last call of patience_lasts() returned */
	/* mean time lost to other threads in a yield, over about the last 256 yields */
	uint64_t loss_ns;
	/*
	 * end and length of the last rest, in which the waiter sleeps instead of polling; end 0: no
	 * rest
	 */
	uint64_t rest_until, rest_ns;
	/* the window in which an answer is expected, in ns after `began`; to_ns is 0: no window */
	uint64_t from_ns, to_ns;
	bool skips; /* poll only in the window, not at the beginning of the wait */
	/* when the sleep before the window should end; 0: the waiter is not in such a sleep */
	uint64_t nap_until;
	/*
	 * delay at the end of a sleep that had a limit: the longest one so far, which shorter ones
	 * decrease slowly
	 */
	uint64_t late_ns;
	uint64_t gaps[PATIENCE_GAPS]; /* lengths in ns of the last waits longer than poll_ns */
	unsigned gap;                 /* index in `gaps` for the next wait */
	unsigned in_row;              /* waits longer than poll_ns since the last shorter one */
	uint64_t learned;             /* when `credit_ns` was last updated */
	/* how long the waiter may still poll at times when it expects an answer */
	uint64_t credit_ns;
};

/* Call this when a wait begins, and when something has arrived but the wait continues. */
void patience_begin(struct patience *patience);

/*
 * Call this when nothing has arrived by the time `now`. If it returns true, poll again; if false,
 * sleep until something arrives, or until the nap is over.
 */
bool patience_lasts(struct patience *patience, uint64_t now);

/* Call this after the waiter has yielded the CPU, as patience_lasts() allowed, and runs again. */
void patience_yielded(struct patience *patience, uint64_t now);

/*
 * Call this when patience_lasts() has returned false. Returns the longest time to sleep in ns, or
 * 0 if the sleep has no limit.
 */
uint64_t patience_nap(struct patience *patience);

/* Call this after a sleep, which may have ended for any reason. */
void patience_slept(struct patience *patience, uint64_t now);

#endif
