/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flights.h - write-backs that are under way (W5 of writeback_failure.h)
 *
 * The kernel may have answered a write-back with an error that is not in failed_files.h yet. A
 * caller whose own write-back has succeeded therefore waits here for those of the same file that
 * are under way: whatever they were told is recorded afterwards. A flight is that span, from
 * before the system call until after the record.
 *
 * The table lies in memory that forked children share. A thread that dies ends its flight; one
 * that is stopped keeps others waiting. Signals are blocked in a flight: a handler could fork, and
 * the child would go on with a system call that is nobody's flight.
 *
 * Write-backs of a file that the library has not opened itself are told apart by what is mapped at
 * their addresses, in this process or in another one, as far as /proc shows that: else each may be
 * of any file, and is waited for.
 *
 * Locks: the lock of a flight is held for its whole time, by its thread, and tells others whether
 * that thread still lives. Nobody waits for the lock itself: a waiter sleeps until the flight's
 * number has changed, so that all waiters wake at once.
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
	_Atomic uint64_t file;     /* a digest of the file; 0 outside of flights */
	atomic_uintptr_t from, to; /* the range that is being written back in that process: */
	_Atomic uint64_t procfs;   /* the device number of its /proc; 0: it has none */
	_Atomic pid_t pid;         /* as that /proc has it */
	_Atomic uint32_t number;   /* how many flights have ended here; waiters sleep on it */
	atomic_int waiters;
} __attribute__((aligned(64)));

struct flights {
	atomic_uint under_way; /* at least as many as there are: those of dead threads stay */
	struct flight list[FLIGHTS_MAX];
};

void flights_init(struct flights *flights);

/* A flight of this thread, which runs no signal handler meanwhile. */
struct flight_begun {
	struct flight *flight;
	sigset_t before; /* the signals that were blocked before */
};

/* `range` is what is being written back, of a file that may be one that is not known. */
void flights_begin(struct flights *flights, struct flight_begun *begun, struct file_id file,
	struct range range);

void flights_end(struct flights *flights, struct flight_begun *begun);

/* Wait for all flights of this file that other threads have begun. */
void flights_wait(struct flights *flights, struct file_id file, struct range range);

/* After fork, in the child: it is another process. */
void flights_after_fork_in_child(void);

#endif
