/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/robust_lock.h"

#include <errno.h>

#include "base/racecheck.h"

void robust_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	racecheck_published(lock);
}

/* True if the lock was taken. `result` is the return value of the pthread call that locks. */
static bool taken(pthread_mutex_t *lock, int result)
{
	if (result == EOWNERDEAD)
		return !pthread_mutex_consistent(lock);
	return !result;
}

bool robust_lock_take(pthread_mutex_t *lock)
{
	racecheck_used(lock);
	return taken(lock, pthread_mutex_lock(lock));
}

bool robust_lock_try(pthread_mutex_t *lock)
{
	racecheck_used(lock);
	return taken(lock, pthread_mutex_trylock(lock));
}

void robust_lock_release(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}
