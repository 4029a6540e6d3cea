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

/* Pages of one file, or whatever is mapped there if the file is not known. */
struct file_sync {
	struct file_id file;
	struct range pages;
	uint64_t since; /* an epoch: stores from before it do not matter */
};

struct file_sync_failure {
	struct file_id file;
	struct failed_write write;
	bool uncertain; /* the pages were written; another write-back of the file failed */
};

/* The epoch of now: failures that are recorded later have a later one. */
uint64_t file_sync_epoch(void);

/*
 * 0 if the pages are durable. Else -errno, and `failure` says what is known of it. No cancellation
 * point.
 */
int file_sync(const struct file_sync *sync, struct file_sync_failure *failure);

/*
 * The same for calls that return an error: it has its sentence, and the program counts as told.
 */
int file_sync_or_error(const struct file_sync *sync);

/*
 * fdatasync(2) of a file that somebody has mapped: its failure is one of the file, too. 0 or
 * -errno.
 */
int file_sync_descriptor(int fd, struct file_id file);

/*
 * Failures that are recorded now do not count for this range any more, in this process: the
 * program knows of them.
 */
void file_sync_accept(struct file_id file, struct range range);

/*
 * The same for the map of a file that is not known, made just now: nothing was stored there
 * before, whatever child asks.
 */
void file_sync_new_map(struct range range);

/* The range is about to be unmapped: what is known of it says nothing of what comes there next. */
void file_sync_forget(struct range range);

#endif
