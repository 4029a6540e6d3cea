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

/*
 * Number of polls from one yield of the CPU to the next. The first poll of a wait yields, because a
 * peer on this CPU has to run before it can answer.
 */
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
	uint64_t left = UINT64_MAX;

	if (wait->timeout_ms >= 0) {
		uint64_t limit = (uint64_t)wait->timeout_ms * 1000000;
		if (waited_ns >= limit)
			return -ETIMEDOUT;
		left = limit - waited_ns;
	}
	/* This makes wait_more() read the clock soon after the sleep. */
	wait->polls = 0;
	/*
	 * fi_trywait() fails if the queue may have completions that its descriptor does not show:
	 * then do not sleep.
	 */
	if (fi_trywait(wait->fabric, &wait->object, 1))
		return 0;
	for (int i = 0; i < 3; i++)
		fds[i] = (struct pollfd){wait->fds[i], POLLIN, 0};
	uint64_t nap = patience_nap(wait->patience);
	if (nap && nap < left)
		left = nap;
	struct timespec time = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
	int count = ppoll(fds, 3, left == UINT64_MAX ? NULL : &time, NULL);
	if (count < 0 && errno != EINTR)
		return err_sys("poll(2) failed");
	patience_slept(wait->patience, now_ns());
	if (count <= 0)
		return 0;
	/*
	 * If the connection was closed, first handle the completions that arrived before that;
	 * only then the wait ends.
	 */
	if (!fds[0].revents)
		return -ECONNRESET;
	/*
	 * Internal work of the adapter may end the sleep without a completion. This counts as
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
	 * Polling the queue is cheap, but reading the clock and yielding the CPU are not, so do
	 * these less often.
	 */
	if (patience->poll_ns && wait->polls++ % POLLS_A_YIELD)
		return 0;
	uint64_t now = now_ns();
	if (likely(patience_lasts(patience, now))) {
		/* The peer may be on this machine and need this CPU in order to answer. */
		sched_yield();
		patience_yielded(patience, now_ns());
		return 0;
	}
	return sleep_until(wait, now - patience->began);
}
