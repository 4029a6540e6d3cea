/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * racecheck.h - tell DRD, Helgrind and a program's thread sanitizer about the library's atomics
 *
 * DRD and Helgrind see C11's atomic loads and stores as plain instructions, and report each pair
 * without a lock as a race. So the calls below tell them the addresses of the library's atomics.
 * The program's own data is never among these: races on it are still reported, in functions of the
 * library too.
 *
 * These calls are not made in code that runs often. Outside of Valgrind, or if its headers were
 * missing at build time, they do nothing.
 */
#ifndef BASE_RACECHECK_H
#define BASE_RACECHECK_H

#include <pthread.h>
#include <stddef.h>

/* Do not report races on these bytes. Call it before several threads use them; may be repeated. */
void racecheck_ignore(const volatile void *at, size_t size);

/* Report races on these bytes again: call it before the memory is freed, for the program's use. */
void racecheck_watch(const volatile void *at, size_t size);

/*
 * Call it in a child after fork(2), before you initialize again a lock that the forking thread
 * held. The owner in the mutex is the parent's thread, so race checkers consider it still locked.
 * This call makes it a free, uninitialized lock for them. Does nothing without a race checker.
 */
void racecheck_unlock_in_child(pthread_mutex_t *lock);

/*
 * Call it before the memory of a lock that nobody holds is freed. Does nothing without a race
 * checker.
 */
void racecheck_forget_lock(pthread_mutex_t *lock);

/*
 * Tell a program's thread sanitizer, which sees calls of the C library but not the library's
 * atomics: everything that a thread did before racecheck_published(at) happens before the return of
 * racecheck_used(at) in another thread.
 */
void racecheck_published(void *at);
void racecheck_used(void *at);

/*
 * These functions are in a separate file, racecheck_drd.c, because the headers of DRD and Helgrind
 * cannot be included together.
 */
void racecheck_drd_ignore(const volatile void *at, size_t size);
void racecheck_drd_watch(const volatile void *at, size_t size);

#endif
