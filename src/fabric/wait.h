/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait.h - poll while that pays, then sleep, and not for ever
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
	struct fid *object;        /* a queue that the caller reads, with the first of fds */
	int fds[3];                /* the others end the wait when they are readable; -1: none */
	int timeout_ms;            /* -1: for ever */
	struct patience *patience; /* of the waiter: it is the same one in all of its waits */
	unsigned polls;            /* since the last progress; ours */
};

/* Count from now on. */
void wait_start(struct wait *wait);

/*
 * Nothing was in the queue: return at once while it is worth polling, else when it may have
 * something. -ETIMEDOUT if there was nothing for so long, -ECONNRESET if another descriptor is
 * readable.
 */
int wait_more(struct wait *wait);

#endif
