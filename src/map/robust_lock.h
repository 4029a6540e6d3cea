/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * robust_lock.h - a lock in memory that several processes share, any of which may be killed
 *
 * The kernel gives the lock of a thread that has died to the next one that asks. What the lock
 * guards must therefore be sound after every single store.
 */
#ifndef MAP_ROBUST_LOCK_H
#define MAP_ROBUST_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/* Once, by the process that makes the memory. */
void robust_lock_init(pthread_mutex_t *lock);

/*
 * True once the caller has it. False if this very thread has it already, or a thread of another PID
 * namespace that has the same number there.
 */
bool robust_lock_take(pthread_mutex_t *lock);

/* The same without waiting; also false if somebody else has it. */
bool robust_lock_try(pthread_mutex_t *lock);

void robust_lock_release(pthread_mutex_t *lock);

#endif
