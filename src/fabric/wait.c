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

/* The first of them yields at once, for it is the other side's turn. */
#define POLLS_A_YIELD 8

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void wait_start(struct wait *wait)
{
	wait->since = 0;
	wait->polls = 0;
}

static NOINLINE int sleep_until(struct wait *wait, uint64_t waited_us)
{
	struct pollfd fds[3];
	uint64_t limit = (uint64_t)wait->timeout_ms * 1000;
	int left = -1;

	if (wait->timeout_ms >= 0) {
		if (waited_us >= limit)
			return -ETIMEDOUT;
		left = (int)((limit - waited_us + 999) / 1000);
	}
	/* It says so if there is something in the queue, which its descriptor may not tell. */
	if (fi_trywait(wait->fabric, &wait->object, 1))
		return 0;
	for (int i = 0; i < 3; i++)
		fds[i] = (struct pollfd){wait->fds[i], POLLIN, 0};
	int count = poll(fds, 3, left);
	if (count < 0)
		return errno == EINTR ? 0 : err_sys("poll");
	/* What has arrived comes before the news that nothing more will. */
	if (count && !fds[0].revents)
		return -ECONNRESET;
	/* What the adapter does by itself leaves nothing in the queue, but is progress. */
	if (wait->timeout_ms < 0)
		wait_start(wait);
	return 0;
}

int wait_more(struct wait *wait)
{
	/* Looking is cheap; the clock and a yield are not. */
	if (wait->poll_us && wait->polls++ % POLLS_A_YIELD)
		return 0;
	uint64_t now = now_us();
	if (!wait->since)
		wait->since = now;
	if (likely(now - wait->since < wait->poll_us)) {
		/* The peer may be here, and want this very CPU. */
		sched_yield();
		return 0;
	}
	return sleep_until(wait, now - wait->since);
}
