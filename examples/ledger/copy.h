/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy.h - the copy of the log on one mirror, and the view: the map of the log's file from which
 * bytes are sent to the mirror
 *
 * The view of a file is a second map, apart from the log's own map. The first page of the view is
 * a private copy. It contains the tail, the word that says where the committed records end: so the
 * mirror gets the tail that was stored in the view, even if the log's tail has moved since. A DAX
 * device is not mapped twice: its view is the log's own map.
 */
#ifndef LEDGER_COPY_H
#define LEDGER_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;
struct log_header;
struct mirror;

struct copy {
	struct mirror *mirror;
	char *view; /* NULL: none */
	size_t size;
	bool is_own;   /* the view is a second map, not the log's own map */
	uint64_t sent; /* records before this offset are durable on the mirror */
	uint64_t tail; /* the last tail that this process has tried to store on the mirror */
};

/*
 * Connect a mirror of a log that was read to its end, compare their records, and send what the
 * mirror lacks. -EBADMSG if the records differ.
 */
int copy_join(struct copy *copy, const struct log *log);

/*
 * Begin another session with the mirror, and check that the mirror is as this process left it.
 * `fd` is the descriptor of the log's file. -EBADMSG if the mirror has lost records; -ESTALE if
 * another writer has appended to it.
 */
int copy_join_again(struct copy *copy, int fd, size_t size);

/* Disconnect the mirror, and unmap the view. */
void copy_leave(struct copy *copy);

/*
 * Copy the records that are in the first page of the log into the view's private copy of this page.
 */
void copy_refresh(struct copy *copy, const struct log *log);

/*
 * Read those records up to `end` that are in the first page of the log's file, open as `fd`, into
 * the view's private copy of this page. Any thread may call it.
 */
int copy_reread(struct copy *copy, int fd, uint64_t end);

/*
 * Send the mirror the records from copy->sent to `end`, which must be in the log's file, and then
 * the tail.
 */
int copy_catch_up(struct copy *copy, uint64_t end);

/*
 * Store the end of the committed records (the tail) in the view. The mirror gets it only when the
 * caller sends this word to the mirror.
 */
void copy_set_tail(struct copy *copy, uint64_t tail);

#endif
