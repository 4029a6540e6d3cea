/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/racecheck.h"

#include <stdbool.h>

#if defined(__has_include)
#if __has_include(<valgrind/helgrind.h>)
#include <valgrind/helgrind.h>
#endif
#endif

void racecheck_ignore(const volatile void *at, size_t size)
{
#ifdef VALGRIND_HG_DISABLE_CHECKING
	VALGRIND_HG_DISABLE_CHECKING((void *)at, size);
#endif
	racecheck_drd_ignore(at, size);
}

void racecheck_watch(const volatile void *at, size_t size)
{
#ifdef VALGRIND_HG_ENABLE_CHECKING
	VALGRIND_HG_ENABLE_CHECKING((void *)at, size);
#endif
	racecheck_drd_watch(at, size);
}

/* Functions that exist only if the program was built with the thread sanitizer. */
#define OF_SANITIZER __attribute__((__weak__, __visibility__("default")))
extern void __tsan_release(void *at) OF_SANITIZER;
extern void __tsan_acquire(void *at) OF_SANITIZER;

void racecheck_published(void *at)
{
	if (__tsan_release)
		__tsan_release(at);
}

void racecheck_used(void *at)
{
	if (__tsan_acquire)
		__tsan_acquire(at);
}

static bool is_watched(void)
{
#ifdef RUNNING_ON_VALGRIND
	if (RUNNING_ON_VALGRIND)
		return true;
#endif
	return __tsan_release;
}

void racecheck_unlock_in_child(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t locked;

	if (!is_watched())
		return;
	/* Give this mutex the same type as *lock has: otherwise DRD aborts. */
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&locked, &attributes);
	pthread_mutexattr_destroy(&attributes);
	pthread_mutex_lock(&locked);
	*lock = locked; /* a copy of a mutex that this thread has locked */
	pthread_mutex_unlock(lock);
	pthread_mutex_destroy(lock);
	pthread_mutex_unlock(&locked);
	pthread_mutex_destroy(&locked);
}

void racecheck_forget_lock(pthread_mutex_t *lock)
{
	if (is_watched())
		pthread_mutex_destroy(lock);
}
