/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/wait.h"

#include <errno.h>
#include <poll.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_errno.h>
#include <sched.h>
#include <time.h>

#include "base/attr.h"
#include "base/err.h"

/* Polls per yield of the CPU. The first poll of a wait yields: it is the peer's turn to run. */
#define POLLS_A_YIELD 8

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void wait_start(struct wait *wait)
{
	patience_begin(wait->patience);
	wait->polls = 0;
}

static NOINLINE int sleep_until(struct wait *wait, uint64_t waited_ns)
{
	struct pollfd fds[3];
	uint64_t limit = (uint64_t)wait->timeout_ms * 1000000;
	int left = -1;

	if (wait->timeout_ms >= 0) {
		if (waited_ns >= limit)
			return -ETIMEDOUT;
		left = (int)((limit - waited_ns + 999999) / 1000000);
	}
	/* Makes wait_more() read the clock soon after the sleep. */
	wait->polls = 0;
	/*
	 * fi_trywait() fails if the queue has completions that its descriptor may not show: do not
	 * sleep.
	 */
	if (fi_trywait(wait->fabric, &wait->object, 1))
		return 0;
	for (int i = 0; i < 3; i++)
		fds[i] = (struct pollfd){wait->fds[i], POLLIN, 0};
	int count = poll(fds, 3, left);
	if (count < 0)
		return errno == EINTR ? 0 : err_sys("poll(2) failed");
	/*
	 * A closed connection ends the wait only after the completions that arrived before it are
	 * taken.
	 */
	if (count && !fds[0].revents)
		return -ECONNRESET;
	/*
	 * The adapter's internal work wakes the sleep without a completion, and counts as
	 * progress.
	 */
	if (wait->timeout_ms < 0)
		wait_start(wait);
	return 0;
}

int wait_more(struct wait *wait)
{
	struct patience *patience = wait->patience;

	/*
	 * Polling the queue is cheap, but reading the clock and yielding is not: do these less
	 * often.
	 */
	if (patience->poll_ns && wait->polls++ % POLLS_A_YIELD)
		return 0;
	uint64_t now = now_ns();
	if (likely(patience_lasts(patience, now))) {
		/* The peer may be on this machine and waiting for this CPU. */
		sched_yield();
		patience_yielded(patience, now_ns());
		return 0;
	}
	return sleep_until(wait, now - patience->began);
}
