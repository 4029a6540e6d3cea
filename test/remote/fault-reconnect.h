/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-reconnect.h - what the two halves of fault-reconnect.c share: the job, which causes faults,
 * and its writers, the initiators that go on over them (fault-writer.c)
 */
#ifndef TEST_REMOTE_FAULT_RECONNECT_H
#define TEST_REMOTE_FAULT_RECONNECT_H

#include "fault-slots.h"

/* Time limit in milliseconds for a writer to store again after a fault */
#define PATIENCE 120000

/* The state of a writer. Its own end is a failure, unless it is DONE. */
enum phase { CONNECTING, SYNCING, HEALING, STORING, DONE, FAILED };

/* In memory that the job and its writers share */
struct job {
	const char *host, *name, *folder, *cable;
	char set[64]; /* the name, with .set */
	_Atomic enum phase phase;
	atomic_uint healed; /* reconnects that have succeeded */
	atomic_bool stolen; /* another writer has had the pool */
	/* Only targets were killed since the last reconnect: no old bytes are on their way. */
	atomic_bool quiet;
	bool has_before, marked;
	unsigned refused, syncs, repeated; /* reconnects that failed; syncs; stores done again */
	char why[1024];                    /* message if the phase is FAILED */
	struct slots slots;
	_Alignas(4096) char memory[POOL_SIZE]; /* what the initiators store */
	char before[POOL_SIZE]; /* the pool at the target before a catch-up or sync began */
};

static inline void job_fail(struct job *job, const char *format, ...)
	__attribute__((__noreturn__, __format__(__printf__, 2, 3)));

/* End this process; the test has failed with this message. */
static inline void job_fail(struct job *job, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(job->why, sizeof(job->why), format, ap);
	va_end(ap);
	atomic_store(&job->phase, FAILED);
	_exit(EXIT_FAILURE);
}

/* Read the parts of the pool at the target. */
void job_read_parts(struct job *job, char *to);

/* Store, and reconnect after each fault, until this process is killed; with `last`, only look. */
void writer_run(struct job *job, bool last) __attribute__((__noreturn__));

/* Be another writer: store to the pool, and close it. */
void writer_steal(struct job *job) __attribute__((__noreturn__));

#endif
