/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call.h - the beginning and end of every public call that may wait
 *
 * Cancellation is off in between: a thread that ended while it holds a lock, or while a message of
 * its lane is under way, would leave a pool that nobody can close. A pending cancellation takes
 * effect after the call.
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
	int error;  /* errno before the call */
	int cancel; /* the thread's cancellation state before the call */
};

static inline struct call call_begin(void)
{
	struct call call = {.error = errno};

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel);
	return call;
}

/*
 * For rc >= 0 return 0 with errno as before the call; for a negative rc set errno and return -1.
 */
static inline int call_end(const struct call *call, int rc)
{
	pthread_setcancelstate(call->cancel, NULL);
	errno = unlikely(rc) ? -rc : call->error;
	return unlikely(rc) ? -1 : 0;
}

#endif
