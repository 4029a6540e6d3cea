/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait.h - wait for completions: poll while that pays, then sleep, up to a time limit
 *
 *	wait_start(&wait);
 *	while (!progress())
 *		if ((code = wait_more(&wait)))
 *			return code;
 */
#ifndef FABRIC_WAIT_H
#define FABRIC_WAIT_H

#include <rdma/fabric.h>
#include <stdint.h>

#include "fabric/patience.h"

struct wait {
	struct fid_fabric *fabric;
	struct fid *object; /* completion queue of the caller; fds[0] is its descriptor */
	int fds[3];         /* if fds[1] or fds[2], unless -1, is readable, the wait ends */
	int timeout_ms;     /* -1: without limit */
	/* decides how long to poll; the waiter has one for all of its waits */
	struct patience *patience;
	unsigned polls; /* polls since the last progress; private to wait.c */
};

/* Begin a wait. The time limit counts from this call. */
void wait_start(struct wait *wait);

/*
 * Call this when the queue was empty. While polling pays it returns 0 at once; later it returns 0
 * when the queue may have a completion. Returns -ETIMEDOUT after `timeout_ms` without progress,
 * -ECONNRESET if fds[1] or fds[2] is readable.
 */
int wait_more(struct wait *wait);

#endif
