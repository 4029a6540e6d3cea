/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * robust_lock.h - a lock in memory that several processes share, any of which may be killed
 *
 * If the owner has died, the kernel gives the lock to the next thread that asks. The data under
 * the lock must therefore be valid after every single store.
 */
#ifndef MAP_ROBUST_LOCK_H
#define MAP_ROBUST_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/* Call once, in the process that makes the memory. */
void robust_lock_init(pthread_mutex_t *lock);

/*
 * Wait for the lock, which the caller must not hold already. True if the caller holds it now.
 * False if the lock is held by a thread of another PID namespace that has the same thread number
 * as the caller: then try again.
 */
bool robust_lock_take(pthread_mutex_t *lock);

/* Take the lock if no thread holds it. Returns false if another thread does. */
bool robust_lock_try(pthread_mutex_t *lock);

void robust_lock_release(pthread_mutex_t *lock);

#endif
