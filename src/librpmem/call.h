/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call.h - what every public call that may wait begins and ends with
 *
 * Cancellation is off in between: a thread that ended while it holds a lock, or while a message of
 * its lane is under way, would leave a pool that nobody can close. It acts when the call is over.
 *
 *	struct call call = call_begin();
 *	return call_end(&call, work());
 */
#ifndef LIBRPMEM_CALL_H
#define LIBRPMEM_CALL_H

#include <errno.h>
#include <pthread.h>

#include "base/attr.h"

struct call {
	int error;  /* errno before it */
	int cancel; /* the thread's cancellation state before it */
};

static inline struct call call_begin(void)
{
	struct call call = {.error = errno};

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel);
	return call;
}

/* 0, with errno as it was before the call; or -1, with errno for `rc`, which is negative. */
static inline int call_end(const struct call *call, int rc)
{
	pthread_setcancelstate(call->cancel, NULL);
	errno = unlikely(rc) ? -rc : call->error;
	return unlikely(rc) ? -1 : 0;
}

#endif
