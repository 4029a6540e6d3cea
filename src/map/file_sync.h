/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_sync.h - write back pages of a file, and know whether they are durable
 *
 * All write-backs of both libraries go through here (W2 to W6 of writeback_failure.h).
 */
#ifndef MAP_FILE_SYNC_H
#define MAP_FILE_SYNC_H

#include <stdbool.h>

#include "map/failed_files.h"
#include "map/ranges.h"

/*
 * Pages to write back. If the file is unknown, the pages may be of any files that are mapped
 * there.
 */
struct file_sync {
	struct file_id file;
	struct range pages;
	uint64_t since; /* failures up to this epoch (file_sync_epoch()) do not count */
};

struct file_sync_failure {
	struct file_id file;
	struct failed_write write;
	bool uncertain; /* another range of the file failed, not these pages */
};

/*
 * Returns the current epoch, which is the number of the last recorded failure: failures that are
 * recorded from now on have a later one.
 */
uint64_t file_sync_epoch(void);

/*
 * Write the pages back. Returns 0 if they are durable, else -errno with the facts in `failure`.
 * Not a cancellation point.
 */
int file_sync(const struct file_sync *sync, struct file_sync_failure *failure);

/*
 * Does what file_sync() does, for calls that return an error: sets the error message, and counts
 * the program as told of the failure.
 */
int file_sync_or_error(const struct file_sync *sync);

/*
 * Call fdatasync(2) for a file that is mapped somewhere. If it fails, that is recorded as a failed
 * write-back of the file. Returns 0 or -errno.
 */
int file_sync_descriptor(int fd, struct file_id file);

/*
 * Record that the program knows of all failures recorded so far: in this process they no longer
 * count for this range.
 */
void file_sync_accept(struct file_id file, struct range range);

/*
 * Record that memory has just been mapped here, of a file that is not known. Failures recorded
 * until now do not count for the range, in this process and in its forked children, because
 * nothing was stored there before.
 */
void file_sync_new_map(struct range range);

/*
 * Forget what is known of failures in a range. Call this before the range is unmapped, since
 * another map may be placed there later.
 */
void file_sync_forget(struct range range);

#endif
