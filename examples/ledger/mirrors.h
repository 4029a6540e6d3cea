/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirrors.h - keeps several mirrors of a log, of which some number is required
 *
 * Calls to all mirrors run side by side: a commit takes as long as the slowest of them. A mirror
 * that fails is left out of later commits. As long as enough others are left, the log goes on,
 * while a thread connects the failed mirror again and sends the records that it lacks; then commits
 * go to this mirror, too. This thread has its own view (map) of the log's file, in which it moves
 * the tail by itself: the mirror's tail never is ahead of the records on the mirror.
 *
 * Errors. Functions that return int return 0, or after printing what went wrong a negated errno.
 */
#ifndef LEDGER_MIRRORS_H
#define LEDGER_MIRRORS_H

#include <stdbool.h>

struct log;
struct mirrors;

/* Does not connect yet. The names must outlive the mirrors. */
int mirrors_new(
	struct mirrors **mirrors, const char *const *names, unsigned count, unsigned required);
void mirrors_free(struct mirrors **mirrors);

/*
 * Connect, and bring all mirrors up to date with the log, which must have been read to its end.
 * Fails unless as many as are required succeed, and if one is the mirror of another log.
 */
int mirrors_join(struct mirrors *mirrors, struct log *log);

/* Returns whether the mirror with this number is connected and up to date. */
bool mirrors_has(const struct mirrors *mirrors, unsigned number);

/* Begin to send the records up to the log's end. The bytes must not change before the commit. */
void mirrors_send(struct mirrors *mirrors, const struct log *log);

/*
 * Wait until the records are durable on the mirrors, then make the tail durable there. Fails unless
 * as many mirrors as are required have succeeded.
 */
int mirrors_commit(struct mirrors *mirrors, const struct log *log);

/*
 * Call this function when the log's file has grown and its map was moved. Fails as
 * mirrors_commit() does.
 */
int mirrors_grow(struct mirrors *mirrors, const struct log *log);

/* Disconnect all mirrors. Prints which of them lack records. */
void mirrors_close(struct mirrors *mirrors);

#endif
