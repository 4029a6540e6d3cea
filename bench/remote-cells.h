/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote-cells.h - every call of remote durability that is measured, and what stands beside it
 */
#ifndef BENCH_REMOTE_CELLS_H
#define BENCH_REMOTE_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "pools.h"

enum remote_call { REMOTE_PERSIST, REMOTE_FLUSHES, REMOTE_READ };

enum beside {
	BESIDE_PING,       /* a message of as many bytes and its answer */
	BESIDE_WRITE_READ, /* a write of as many bytes, and a read of 8 */
	BESIDE_READ,       /* a read of as many bytes */
	BESIDE_PERSIST,    /* ours: one persist of as many bytes */
	BESIDE_ONE_LANE,   /* ours: the same on one lane */
	BESIDE_MSYNC,      /* msync(2) of as many pages of a file here */
	BESIDE_NBD,        /* libnbd: as many bytes written with FUA, or read */
};

struct remote_cell {
	enum remote_call call;
	bool relaxed;
	enum pool_kind pool;
	size_t length;
	size_t flushes; /* each a page apart, then a drain; 1 otherwise */
	unsigned lanes;
	bool threads;   /* one on each lane, and several calls a sample */
	bool idle;      /* nothing was done for a millisecond before */
	unsigned loops; /* of busy.h that run meanwhile */
	enum beside beside;
	size_t beside_length;
	double goal; /* ours takes at most so many times what that takes; 0: none */
};

/* Call with each cell, in the order of the table. */
void remote_cells_walk(void (*visit)(const struct remote_cell *cell));

/* In words, as in the columns of a row; each call reuses its buffer. */
const char *remote_cell_group(const struct remote_cell *cell);
const char *remote_cell_call(const struct remote_cell *cell);
const char *remote_cell_beside(const struct remote_cell *cell);
const char *remote_cell_pace(const struct remote_cell *cell);

#endif
