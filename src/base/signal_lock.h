/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signal_lock.h - a mutex with all signals blocked while it is held
 *
 * A signal handler may call fork(2), exit(3), or this library. It must not find a lock that its own
 * thread holds, for which it would wait for ever, nor data that is half changed. All signals are
 * blocked from signal_lock_take() to signal_lock_release(), which costs two system calls: do not
 * use it in code that runs at each store.
 *
 * A lock of all zeros is free.
 */
#ifndef BASE_SIGNAL_LOCK_H
#define BASE_SIGNAL_LOCK_H

#include <pthread.h>
#include <signal.h>

struct signal_lock {
	pthread_mutex_t mutex;
	sigset_t before; /* signal mask of the holder before it took the lock */
};

#define SIGNAL_LOCK_FREE                                                                           \
	{                                                                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER                                                 \
	}

static inline void signals_block(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, before);
}

static inline void signals_restore(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static inline void signal_lock_take(struct signal_lock *lock)
{
	sigset_t before;

	signals_block(&before);
	pthread_mutex_lock(&lock->mutex);
	lock->before = before;
}

static inline void signal_lock_release(struct signal_lock *lock)
{
	sigset_t before = lock->before;

	pthread_mutex_unlock(&lock->mutex);
	signals_restore(&before);
}

/* In a child after fork(2): release a lock that the forking thread took before. */
static inline void signal_lock_release_in_child(struct signal_lock *lock)
{
	signal_lock_release(lock);
}

#endif
