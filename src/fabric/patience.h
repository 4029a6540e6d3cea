/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * patience.h - decide if a waiter goes on polling or sleeps
 *
 * A waiter that polls sees an answer soonest, as long as no other thread wants its CPU. Otherwise
 * it uses up its share, and the scheduler then runs the others for whole slices: milliseconds,
 * where a sleeper is woken within microseconds. So the time that a waiter loses to others while it
 * polls is measured. If the mean loss exceeds the cost of a sleep, the waiter *rests*: it sleeps
 * at once in every wait. A rest is a multiple of the last loss, and becomes longer each time that
 * polling after it loses again, so that trying costs little. Once the other threads are gone, the
 * waiter soon polls again.
 *
 * The caller passes all times, in nanoseconds of one clock. A struct belongs to one thread at a
 * time. It starts as zeros with `poll_ns` set, and is kept from one wait to the next:
 *
 *	patience_begin(&patience);
 *	while (!look())
 *		if (patience_lasts(&patience, now())) {
 *			sched_yield();
 *			patience_yielded(&patience, now());
 *		} else {
 *			sleep();
 *		}
 */
#ifndef FABRIC_PATIENCE_H
#define FABRIC_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The cost of a sleep compared with polling: measured 20 to 40 us, most of it to wake an idle CPU.
 */
#define PATIENCE_SLEEP_NS UINT64_C(30000)
/*
 * A shorter time away from the CPU is not a loss. Other waiters poll and yield, too, and so does a
 * peer on the same CPU: 16 threads take turns in 150 us. A slice of the scheduler is 700 us at
 * least.
 */
#define PATIENCE_TURN_NS UINT64_C(200000)
/* Length of the first and of the longest rest, in multiples of the loss. */
#define PATIENCE_REST_FIRST UINT64_C(4)
#define PATIENCE_REST_MOST  UINT64_C(64)
/* A rest is never longer than this, in ns, because the other threads may be gone. */
#define PATIENCE_REST_NS UINT64_C(500000000)

struct patience {
	uint64_t poll_ns; /* the longest time to poll in a wait; 0: do not poll */
	/* The members below are private to patience.c. */
	uint64_t began;               /* time of the first look of this wait; 0 before it */
	uint64_t looked;              /* time of the last call with a clock value */
	bool polls;                   /* the last patience_lasts() returned true */
	uint64_t loss_ns;             /* the mean loss of a yield, over the last 256 or so */
	uint64_t rest_until, rest_ns; /* 0: not resting; the length of the last rest */
};

/* Call it when a wait begins, and when something has arrived during a wait. */
void patience_begin(struct patience *patience);

/*
 * Call it when nothing has arrived by `now`. Returns true to poll on; if false, sleep until
 * something arrives.
 */
bool patience_lasts(struct patience *patience, uint64_t now);

/* Call it when the waiter has yielded the CPU after patience_lasts(), and has it again. */
void patience_yielded(struct patience *patience, uint64_t now);

#endif
