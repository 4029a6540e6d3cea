/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * noted.h - the pages of a pool that holdfast_remote_reconnect(3) will send again
 *
 * Each lane has a row with a bit for each page, which is set if the page was sent on this lane
 * since the lane's last drain. One more row, the last, has the pages that no drain of a lane
 * completes any more. As in librpmem, the thread that uses a lane writes the lane's row; any thread
 * may write the last row.
 */
#ifndef LIBHOLDFAST_TRACE_NOTED_H
#define LIBHOLDFAST_TRACE_NOTED_H

#include "libholdfast-trace/recorder.h"

#define NOTED_PAGE ((size_t)4096)

struct noted {
	unsigned char *map; /* NULL: there was no memory */
	size_t bytes;       /* bytes that are mapped */
	size_t words;       /* words of a row */
	unsigned lanes;
};

/*
 * Makes room for a pool, with all bits zero. Memory that was mapped before is used again if it
 * is large enough, and never unmapped: another thread may still look at it. Returns false if there
 * is no memory.
 */
bool noted_begin(struct noted *noted, size_t pool_size, unsigned lanes);

/* Sets the bits of the pages of a range in a row; row noted->lanes is the last one. */
void noted_add(struct noted *noted, unsigned row, size_t offset, size_t length);

/* After a drain of a lane: clears all bits in the row of this lane. */
void noted_drop(struct noted *noted, unsigned lane);

/* Clears all bits in all rows. */
void noted_clear(struct noted *noted);

/* Will a reconnect send the page again, because the bit of the page is set in a row? */
bool noted_has(const struct noted *noted, size_t page);

#endif
