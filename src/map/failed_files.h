/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failed_files.h - the files that have lost a write-back, and when (W1 of writeback_failure.h)
 *
 * Each recorded failure has an epoch, which is its number: 1 for the first one. A caller that
 * remembers the epoch of some moment can therefore ask whether a file has failed since then.
 *
 * The table lies in memory that forked children share. It has room for some 60 files. When it is
 * full, the failure of another file is recorded as one that may concern any file.
 *
 * Locks: one robust lock, for changes and look-ups; never held during I/O.
 */
#ifndef MAP_FAILED_FILES_H
#define MAP_FAILED_FILES_H

#include <pthread.h>
#include <stdatomic.h>

#include "map/file_id.h"

#define FAILED_FILES_MAX 60

/* The latest failure of a file. */
struct failed_write {
	uint64_t epoch;
	uint64_t offset, length; /* the bytes of the file that were being written back */
	int error;               /* errno of msync(2) */
};

struct failed_files {
	pthread_mutex_t lock;
	_Atomic uint64_t epoch; /* epoch of the latest failure of any file; 0: nothing failed */
	unsigned count;
	struct failed_write any; /* latest failure of unknown files, or files without an entry */
	struct failed_file {
		struct file_ids file; /* one of the file's two identities may be unknown */
		struct failed_write write;
	} list[FAILED_FILES_MAX];
};

/* Initialize a table that is full of zeros. */
void failed_files_init(struct failed_files *table);

/*
 * Returns the current epoch, which is the number of the latest failure, with one load. A failure
 * that was recorded before this call does not have a later epoch.
 */
static inline uint64_t failed_files_epoch(struct failed_files *table)
{
	return atomic_load_explicit(&table->epoch, memory_order_acquire);
}

/* Record a failure and return its epoch. The identity in `file` may be unknown. */
uint64_t failed_files_record(
	struct failed_files *table, const struct file_ids *file, const struct failed_write *write);

/*
 * True if a write-back of the file may have failed later than the epoch `since`; *found is then the
 * latest such failure. A failure of an unknown file counts, and so does that of a file that cannot
 * be compared with this one.
 */
bool failed_files_find(struct failed_files *table, const struct file_ids *file, uint64_t since,
	struct failed_write *found);

#endif
