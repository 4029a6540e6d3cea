/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote-cells.h - the calls of remote durability that are measured, and what each is compared
 * with
 */
#ifndef BENCH_REMOTE_CELLS_H
#define BENCH_REMOTE_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "pools.h"

enum remote_call { REMOTE_PERSIST, REMOTE_FLUSHES, REMOTE_READ };

enum beside {
	BESIDE_PING,       /* compare with a message of the same length and its answer */
	BESIDE_WRITE_READ, /* compare with a write of the same length, and a read of 8 bytes */
	BESIDE_READ,       /* compare with a read of the same length */
	BESIDE_PERSIST,    /* compare with our own persist of the same length */
	BESIDE_ONE_LANE,   /* compare with our own call on one lane */
	BESIDE_MSYNC,      /* compare with msync(2) of the same number of pages of a local file */
	BESIDE_NBD,        /* compare with libnbd: a write (FUA) or a read of the same length */
};

struct remote_cell {
	enum remote_call call;
	bool relaxed;
	enum pool_kind pool;
	size_t length;
	size_t flushes; /* number of flushes, a page apart, before a drain; 1 for other calls */
	unsigned lanes;
	bool threads;   /* a thread on each lane, and several calls in a sample */
	bool idle;      /* a pause of a millisecond comes before each call */
	unsigned loops; /* number of busy loops (busy.h) that run during the calls */
	enum beside beside;
	size_t beside_length;
	double goal; /* wanted: our time divided by the compared time is at most this; 0: no goal */
};

/* Calls `visit` for each measurement (cell), in the order of the table. */
void remote_cells_walk(void (*visit)(const struct remote_cell *cell));

/*
 * Return the text for one column of the row that this measurement (cell) has in the results. The
 * text is in a static buffer, which the next call of the same function overwrites.
 */
const char *remote_cell_group(const struct remote_cell *cell);
const char *remote_cell_call(const struct remote_cell *cell);
const char *remote_cell_beside(const struct remote_cell *cell);
const char *remote_cell_pace(const struct remote_cell *cell);

#endif
