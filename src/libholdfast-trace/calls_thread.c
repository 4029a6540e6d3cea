/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_thread.c - calls that lock, or let another thread continue: before that, the last store of
 * this thread is put into the trace
 *
 * At such a call, only the thread's last store can still be missing in the trace (hooks.c).
 *
 * A lock may lie in a mapped file, beside data. What the C library stores to it is recorded as
 * stores of these words, since a comparison that finds the whole line changed could not tell them
 * from the program's own stores to the line.
 */
#include <pthread.h>
#include <semaphore.h>

#include "libholdfast-trace/recorder.h"

/*
 * Defines a function that puts the thread's last store into the trace, calls the C library's
 * function, and records what this has stored to the lock.
 */
#define RECORDED(name, parameters, arguments)                                                      \
	EXPORT int name(STRIP parameters)                                                          \
	{                                                                                          \
		settle();                                                                          \
		int result = FOUND(next_function, __typeof__(name), #name)(STRIP arguments);       \
		if (unlikely(maps_may_have((uintptr_t)lock)))                                      \
			record_words((uintptr_t)lock, sizeof(*lock), CALLER);                      \
		return result;                                                                     \
	}

#define LOCK(name, type)            RECORDED(name, (type * lock), (lock))
#define LOCK_WITH(name, type, with) RECORDED(name, (type * lock, with more), (lock, more))

LOCK_WITH(pthread_mutex_init, pthread_mutex_t, const pthread_mutexattr_t *)
LOCK(pthread_mutex_lock, pthread_mutex_t)
LOCK(pthread_mutex_trylock, pthread_mutex_t)
LOCK_WITH(pthread_mutex_timedlock, pthread_mutex_t, const struct timespec *)
LOCK(pthread_mutex_unlock, pthread_mutex_t)
LOCK_WITH(pthread_rwlock_init, pthread_rwlock_t, const pthread_rwlockattr_t *)
LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
LOCK(pthread_rwlock_tryrdlock, pthread_rwlock_t)
LOCK(pthread_rwlock_trywrlock, pthread_rwlock_t)
LOCK(pthread_rwlock_unlock, pthread_rwlock_t)
LOCK_WITH(pthread_spin_init, pthread_spinlock_t, int)
LOCK(pthread_spin_lock, pthread_spinlock_t)
LOCK(pthread_spin_trylock, pthread_spinlock_t)
LOCK(pthread_spin_unlock, pthread_spinlock_t)
LOCK(pthread_barrier_wait, pthread_barrier_t)
RECORDED(sem_init, (sem_t * lock, int is_shared, unsigned value), (lock, is_shared, value))
LOCK(sem_wait, sem_t)
LOCK(sem_trywait, sem_t)
LOCK(sem_post, sem_t)
