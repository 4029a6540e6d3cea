/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait.h - poll while that pays, then sleep, up to a time limit
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
	struct fid *object;        /* a queue that the caller reads; fds[0] is its descriptor */
	int fds[3];                /* fds[1] and [2], if not -1, end the wait when readable */
	int timeout_ms;            /* -1: without limit */
	struct patience *patience; /* of the waiter: the same in all of its waits */
	unsigned polls;            /* polls since the last progress; private to wait.c */
};

/* Begin a wait: the time limit counts from now. */
void wait_start(struct wait *wait);

/*
 * Call it when the queue was empty. Returns 0 at once while polling pays, else when the queue may
 * have something. -ETIMEDOUT after `timeout_ms` without progress, -ECONNRESET if another
 * descriptor is readable.
 */
int wait_more(struct wait *wait);

#endif
