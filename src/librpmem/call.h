/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call.h - the code at the beginning and end of every public call that may wait
 *
 * During the call, cancellation of the thread is off: if a thread ended while it holds a lock, or
 * while a message of its lane is under way, nobody could close the pool. A cancellation that is
 * requested meanwhile takes effect after the call.
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
 * If rc is 0, restore errno to its value before the call and return 0; if rc is negative, set
 * errno to -rc and return -1.
 */
static inline int call_end(const struct call *call, int rc)
{
	pthread_setcancelstate(call->cancel, NULL);
	errno = unlikely(rc) ? -rc : call->error;
	return unlikely(rc) ? -1 : 0;
}

#endif
