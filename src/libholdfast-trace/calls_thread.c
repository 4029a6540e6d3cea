/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_thread.c - calls that let another thread continue: before that, the last store of this
 * thread is put into the trace
 *
 * At such a call, only the thread's last store can still be missing in the trace (hooks.c).
 */
#include <pthread.h>
#include <semaphore.h>

#include "libholdfast-trace/recorder.h"

/*
 * Defines a function that puts the thread's last store into the trace, and then calls the C
 * library's function.
 */
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
