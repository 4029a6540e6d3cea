/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checked_lock.h - a mutex on which a thread cannot deadlock with itself
 *
 * A signal handler may call exit(3) while its thread holds a lock; the library's exit handler then
 * takes the same lock. checked_lock_take() returns false in this case instead of waiting for ever.
 */
#ifndef BASE_CHECKED_LOCK_H
#define BASE_CHECKED_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#include "base/racecheck.h"

static inline void checked_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

/* Release a lock that the forking thread held. Call this in the child after fork(2). */
static inline void checked_lock_init_in_child(pthread_mutex_t *lock)
{
	racecheck_unlock_in_child(lock);
	checked_lock_init(lock);
}

/*
 * Take the lock and return true. Returns false at once if this very thread holds the lock already.
 */
static inline bool checked_lock_take(pthread_mutex_t *lock)
{
	return !pthread_mutex_lock(lock);
}

static inline void checked_lock_release(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}

#endif
