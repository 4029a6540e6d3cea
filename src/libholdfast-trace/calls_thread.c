/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_thread.c - calls that let another thread go on: they first put a noted store into the
 * trace
 *
 * Only the last store before such a call can still be noted (hooks.c).
 */
#include <pthread.h>
#include <semaphore.h>

#include "libholdfast-trace/recorder.h"

/* Defines a call that settles the noted store and then calls the C library. */
#define SETTLE_BEFORE(type, name, parameter, argument)                                             \
	EXPORT type name(parameter)                                                                \
	{                                                                                          \
		static type (*next)(parameter);                                                    \
                                                                                                   \
		settle();                                                                          \
		if (unlikely(!next))                                                               \
			next = (type(*)(parameter))next_function(#name);                           \
		return next(argument);                                                             \
	}

SETTLE_BEFORE(int, pthread_mutex_unlock, pthread_mutex_t *lock, lock)
SETTLE_BEFORE(int, pthread_rwlock_unlock, pthread_rwlock_t *lock, lock)
SETTLE_BEFORE(int, pthread_spin_unlock, pthread_spinlock_t *lock, lock)
SETTLE_BEFORE(int, pthread_barrier_wait, pthread_barrier_t *barrier, barrier)
SETTLE_BEFORE(int, sem_post, sem_t *semaphore, semaphore)
