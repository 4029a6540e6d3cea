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
 * that is stopped keeps others waiting.
 *
 * Locks: the lock of a flight is held for its whole time, by its thread, which takes no other
 * flight meanwhile and waits for none. Nothing else in this library is held while a flight is
 * begun or waited for.
 */
#ifndef MAP_FLIGHTS_H
#define MAP_FLIGHTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "map/file_id.h"
#include "map/ranges.h"

#define FLIGHTS_MAX 48

struct flight {
	pthread_mutex_t lock;
	_Atomic uint64_t file;     /* a digest of the file; 0 outside of flights */
	atomic_uintptr_t from, to; /* the range that is being written back, in process `pid` */
	_Atomic pid_t pid;
	atomic_int waiting; /* threads that wait for this flight: others are begun elsewhere */
} __attribute__((aligned(64)));

struct flights {
	struct flight list[FLIGHTS_MAX];
};

void flights_init(struct flights *flights);

/* `range` is what is being written back, of a file that may be one that is not known. */
struct flight *flights_begin(struct flights *flights, struct file_id file, struct range range);

void flights_end(struct flight *flight);

/* Wait for all flights of this file that have begun; the caller has none of its own. */
void flights_wait(struct flights *flights, struct file_id file, struct range range);

#endif
