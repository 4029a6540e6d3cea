/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy.h - the log on one mirror, and the view of the log's file that is sent to it
 *
 * The view of a file is mapped apart from the log's map, and its first page is a private copy: so
 * its tail is the one that the mirror shall get, whatever the log does meanwhile. A DAX device is
 * not mapped twice: the view is the log's own map.
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
	bool is_own;   /* the view is not the log's own map */
	uint64_t sent; /* records before this offset are durable on the mirror */
	uint64_t tail; /* the last tail that this process has tried to store on the mirror */
};

/*
 * Connect a mirror of a log that was read to its end, compare their records, and send what the
 * mirror lacks. -EBADMSG if they differ.
 */
int copy_join(struct copy *copy, const struct log *log);

/*
 * Begin another session with the mirror, and check that it is as this process left it. `fd` is that
 * of the log's file. -EBADMSG if it has lost records; -ESTALE if another writer has appended to it.
 */
int copy_join_again(struct copy *copy, int fd, size_t size);

/* Disconnect the mirror, and unmap the view. */
void copy_leave(struct copy *copy);

/* Update the view's private page for records of the log up to `end`. */
void copy_refresh(struct copy *copy, const struct log *log);

/* Do the same from the log's file, which is `fd` and has these records. For any thread. */
int copy_reread(struct copy *copy, int fd, uint64_t end);

/* Send the records from `sent` to `end`, which must be in the file, then the tail. */
int copy_catch_up(struct copy *copy, uint64_t end);

/* Move the view's tail. The mirror gets it when this word is stored there. */
void copy_set_tail(struct copy *copy, uint64_t tail);

#endif
