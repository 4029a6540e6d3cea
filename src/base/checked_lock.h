/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checked_lock.h - a mutex that a thread cannot wait for twice
 *
 * A signal handler may call exit(3) while its thread holds a lock; what the library does at exit
 * then asks for the same lock. This one answers instead of waiting for ever.
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

/* In a child, of a lock that the forking thread had: it is free. */
static inline void checked_lock_init_in_child(pthread_mutex_t *lock)
{
	racecheck_unlock_in_child(lock);
	checked_lock_init(lock);
}

/* False if this very thread has it. */
static inline bool checked_lock_take(pthread_mutex_t *lock)
{
	return !pthread_mutex_lock(lock);
}

static inline void checked_lock_release(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}

#endif
