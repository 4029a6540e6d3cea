/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failed_files.h - the files that have lost a write-back, and when (W1 of writeback_failure.h)
 *
 * A failure's epoch is its number: the first one that anybody records has 1. Whoever remembers the
 * epoch of some moment can therefore ask whether a file has failed since then.
 *
 * The table lies in memory that forked children share. There is room for some 60 files; a failure
 * of one more is kept as a failure of any file.
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
	_Atomic uint64_t epoch; /* of the latest failure of all; 0: there was none */
	unsigned count;
	struct failed_write any; /* of a file that there was no room for, or that is not known */
	struct failed_file {
		struct file_ids file; /* one of the two may not be known */
		struct failed_write write;
	} list[FAILED_FILES_MAX];
};

/* `table` is full of zeros. */
void failed_files_init(struct failed_files *table);

/* One load. What the kernel reported before was recorded with at most this epoch. */
static inline uint64_t failed_files_epoch(struct failed_files *table)
{
	return atomic_load_explicit(&table->epoch, memory_order_acquire);
}

/* Record a failure, whose epoch is returned. Nothing may be known of the file. */
uint64_t failed_files_record(
	struct failed_files *table, const struct file_ids *file, const struct failed_write *write);

/*
 * Whether the file may have failed later than `since`, and how at last. A failure of any file is a
 * failure of this one, and so is that of a file that cannot be compared with it.
 */
bool failed_files_find(struct failed_files *table, const struct file_ids *file, uint64_t since,
	struct failed_write *found);

#endif
