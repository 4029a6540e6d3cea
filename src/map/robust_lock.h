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
 * Wait for the lock; true if the caller has it now. The caller must not have it already. False if
 * its owner is a thread of another PID namespace with the caller's thread number: then try again.
 */
bool robust_lock_take(pthread_mutex_t *lock);

/* Take the lock if it is free. False also if another thread has it. */
bool robust_lock_try(pthread_mutex_t *lock);

void robust_lock_release(pthread_mutex_t *lock);

#endif
