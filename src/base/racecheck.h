/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * racecheck.h - keep DRD, Helgrind and thread sanitizers of programs quiet about our atomics
 *
 * C11's atomic loads and stores are plain instructions to both, so that each pair without a lock is
 * a race. They are told where our atomics are. A program's own bytes are never among these: races
 * for them are reported as ever, in our functions too.
 *
 * Neither is asked on a path that is taken often. Outside of Valgrind, or if its headers were
 * missing when this was built, the calls do nothing.
 */
#ifndef BASE_RACECHECK_H
#define BASE_RACECHECK_H

#include <pthread.h>
#include <stddef.h>

/* To be called before several threads use these bytes, and as often as one likes. */
void racecheck_ignore(const volatile void *at, size_t size);

/* Before memory is given back that may become the program's. */
void racecheck_watch(const volatile void *at, size_t size);

/*
 * In a child, before a lock that the forking thread had is made anew. The owner that it names is
 * the thread of the parent, so that it is still taken for all of them. It becomes a free lock that
 * is not initialized, but where nobody watches it stays as it is.
 */
void racecheck_unlock_in_child(pthread_mutex_t *lock);

/* A free lock in memory that is given back; likewise. */
void racecheck_forget_lock(pthread_mutex_t *lock);

/*
 * The same for a program's thread sanitizer, which sees what the C library is called for, and none
 * of our atomics: what was done to this address before it was published is done when it is used.
 */
void racecheck_published(void *at);
void racecheck_used(void *at);

/* See racecheck_drd.c: the headers of the two cannot be included together. */
void racecheck_drd_ignore(const volatile void *at, size_t size);
void racecheck_drd_watch(const volatile void *at, size_t size);

#endif
