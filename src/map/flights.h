/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flights.h - write-backs that are under way (W5 of writeback_failure.h)
 *
 * A *flight* is one write-back, from before its system call until any failure of it is recorded in
 * failed_files.h. In between, the kernel may have reported an error that is not recorded yet. A
 * caller whose own write-back has succeeded therefore waits for the flights of the same file.
 *
 * The table of flights lies in memory that forked children share. If a thread dies, its flight is
 * ended; if it is stopped, others wait for it. Signals are blocked in a flight: a handler could
 * fork, and the child would go on with a system call that belongs to no flight.
 *
 * If the library has not opened the file itself, it looks up the flight's file in /proc, by the
 * addresses that the flight writes back, in this process or in another one. If /proc does not show
 * the file, the flight may be of any file, and is waited for.
 *
 * Locks: each flight has one, which its thread holds for as long as the flight lasts, and which
 * tells others whether that thread still lives. Waiters do not queue for the lock: they sleep
 * until the flight's number has changed, so that all wake at once.
 */
#ifndef MAP_FLIGHTS_H
#define MAP_FLIGHTS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "map/file_id.h"
#include "map/ranges.h"

#define FLIGHTS_MAX 48

struct flight {
	pthread_mutex_t lock;
	/* digest of the file that is written back; 0: no write-back uses this slot now */
	_Atomic uint64_t file;
	atomic_uintptr_t from, to; /* the addresses being written back, in process `pid` */
	_Atomic uint64_t procfs;   /* device number of that process's /proc; 0: unknown */
	_Atomic pid_t pid;         /* the process's number in that /proc */
	/* how many write-backs have ended in this slot; waiters use it as a futex */
	_Atomic uint32_t number;
	atomic_int waiters;
} __attribute__((aligned(64)));

struct flights {
	/* number of write-backs in progress; includes those of threads that died */
	atomic_uint under_way;
	struct flight list[FLIGHTS_MAX];
};

void flights_init(struct flights *flights);

/*
 * A flight (a write-back in progress) of the calling thread, which runs no signal handler until the
 * flight ends.
 */
struct flight_begun {
	struct flight *flight;
	sigset_t before; /* the signal mask of the thread before the write-back */
};

/*
 * Record that a flight begins: a write-back of the addresses in `range` is in progress. `file` may
 * be unknown.
 */
void flights_begin(struct flights *flights, struct flight_begun *begun, struct file_id file,
	struct range range);

void flights_end(struct flights *flights, struct flight_begun *begun);

/*
 * Wait until all flights (write-backs in progress) of this file have ended that other threads had
 * begun before this call.
 */
void flights_wait(struct flights *flights, struct file_id file, struct range range);

/* After fork, in the child: look up the identity of this process again. */
void flights_after_fork_in_child(void);

#endif
