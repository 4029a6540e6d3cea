/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-reconnect.h - declarations for fault-reconnect.c, the job, which causes faults, and for
 * fault-writer.c, the writers, which are initiators that reconnect after each fault
 */
#ifndef TEST_REMOTE_FAULT_RECONNECT_H
#define TEST_REMOTE_FAULT_RECONNECT_H

#include "fault-slots.h"

/* Time limit in milliseconds for a writer to store again after a fault */
#define PATIENCE 120000

/* The state of a writer. A writer that exits in another state than DONE makes the test fail. */
enum phase { CONNECTING, SYNCING, HEALING, STORING, DONE, FAILED };

/* The state of a test, in memory that the job and its writers share */
struct job {
	const char *host, *name, *folder, *cable;
	char set[64]; /* the name, with .set */
	_Atomic enum phase phase;
	atomic_uint healed; /* number of reconnects that have succeeded */
	atomic_bool stolen; /* another writer has stored to the pool */
	/*
	 * True if the only faults since the last reconnect were kills of targets or initiators.
	 * After a kill, bytes that were sent before it can no longer arrive at the target.
	 */
	atomic_bool quiet;
	bool has_before, marked;
	unsigned refused, syncs, repeated; /* counts: failed reconnects, syncs, persist_again() */
	char why[1024];                    /* if the phase is FAILED: the reason */
	struct slots slots;
	_Alignas(4096) char memory[POOL_SIZE]; /* the memory that the writers persist */
	char before[POOL_SIZE]; /* the target's pool before a reconnect or sync began */
};

static inline void job_fail(struct job *job, const char *format, ...)
	__attribute__((__noreturn__, __format__(__printf__, 2, 3)));

/* Makes the test fail with this message, and ends this process. */
static inline void job_fail(struct job *job, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(job->why, sizeof(job->why), format, ap);
	va_end(ap);
	atomic_store(&job->phase, FAILED);
	_exit(EXIT_FAILURE);
}

/* Reads all bytes of the target's pool from its part files. */
void job_read_parts(struct job *job, char *to);

/*
 * Stores, and reconnects after each fault, until this process is killed. With `last`, only checks
 * the pool.
 */
void writer_run(struct job *job, bool last) __attribute__((__noreturn__));

/* Acts as another writer: opens the pool, stores to it, and closes it. */
void writer_steal(struct job *job) __attribute__((__noreturn__));

#endif
