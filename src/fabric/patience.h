/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * patience.h - whether a waiter polls on or sleeps
 *
 * A waiter that polls sees an answer soonest, as long as nobody else wants its CPU. Otherwise it
 * uses up its share, and the scheduler then runs the others for whole slices: milliseconds, where a
 * sleeper is woken within microseconds. So the time that polling loses to others is measured. While
 * it is more, on average, than a sleep costs, the waiter rests: it sleeps at once in every wait. A
 * rest is a multiple of the last loss, and becomes longer each time that polling after it loses
 * again, so that trying costs little; once the others are gone, the waiter polls again soon.
 *
 * The caller passes all times, in nanoseconds of one clock. A struct belongs to one thread at a
 * time. It starts as zeros with `poll_ns` set, and outlives the waits:
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

/* A sleep costs that much more than polling: 20 to 40 us here, most of it to wake an idle CPU. */
#define PATIENCE_SLEEP_NS UINT64_C(30000)
/*
 * Less than this is not a loss. Others who wait poll and yield, too, and so does a peer on the same
 * CPU: 16 threads take turns in 150 us. A slice of the scheduler is 700 us at least.
 */
#define PATIENCE_TURN_NS UINT64_C(200000)
/* The first rest is that many times the loss, and the longest one that many times. */
#define PATIENCE_REST_FIRST UINT64_C(4)
#define PATIENCE_REST_MOST  UINT64_C(64)
/* A rest is never longer than this: the others may be gone. */
#define PATIENCE_REST_NS UINT64_C(500000000)

struct patience {
	uint64_t poll_ns; /* the longest time to poll in a wait; 0: do not poll */
	/* The rest belongs to patience.c. */
	uint64_t began;               /* the first look of this wait; 0 before it */
	uint64_t looked;              /* the last look at the clock */
	bool polls;                   /* the last look said so */
	uint64_t loss_ns;             /* the mean loss of a yield, over the last 256 or so */
	uint64_t rest_until, rest_ns; /* 0: not resting; the length of the last rest */
};

/* A wait begins, or something has arrived in it. */
void patience_begin(struct patience *patience);

/* Nothing has arrived by `now`. Returns whether to poll on; if not, sleep until something has. */
bool patience_lasts(struct patience *patience, uint64_t now);

/* The waiter has yielded the CPU after patience_lasts(), and has it again. */
void patience_yielded(struct patience *patience, uint64_t now);

#endif
