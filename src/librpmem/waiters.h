/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * waiters.h - threads that wait for a started persist, and must stop waiting when the pool is
 * closed
 *
 * A program must not close a pool while another call is in progress on it. Waiting for a started
 * persist is the exception, because a program cannot end that wait in any other way before its
 * time limit.
 */
#ifndef LIBRPMEM_WAITERS_H
#define LIBRPMEM_WAITERS_H

#include "librpmem/pool.h"

static inline void waiters_enter(RPMEMpool *rpp)
{
	atomic_fetch_add(&rpp->waiters, 1);
}

static inline void waiters_leave(RPMEMpool *rpp)
{
	atomic_fetch_sub(&rpp->waiters, 1);
}

/* True if the pool is being closed. */
static inline bool waiters_must_leave(RPMEMpool *rpp)
{
	return atomic_load(&rpp->closing);
}

/*
 * Wake the waiters, and return when all of them have left. -ECANCELED, with an error message, if a
 * persist was started that nobody has waited for; else 0.
 */
int waiters_send_away(RPMEMpool *rpp);

#endif
