/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cells.h - the grid: every operation, flag, length and place that is measured
 *
 * The table is in cells.c; the grid is walked whole.
 */
#ifndef BENCH_CELLS_H
#define BENCH_CELLS_H

#include <stdbool.h>
#include <stddef.h>

enum face { FACE_PMEM, FACE_PMEM2_LINE, FACE_PMEM2_BYTE, FACES };

enum operation { PERSIST, FLUSH, MEMCPY, MEMMOVE, MEMSET };

struct cell {
	enum face face;
	enum operation operation;
	unsigned flags;  /* PMEM2_F_MEM_* */
	size_t offset;   /* of the destination from the beginning of a line */
	ptrdiff_t apart; /* of a memmove: destination minus source; 0: they do not overlap */
	bool walks;      /* on to other memory with each call; else it stays, and is hot */
	size_t length;
};

/* Call with each cell, in the order of the table. */
void cells_walk(void (*visit)(const struct cell *cell));

/* In words, as in the columns of a row; each call reuses its buffer. */
const char *cell_face(const struct cell *cell);
const char *cell_operation(const struct cell *cell);
const char *cell_flags(const struct cell *cell);
const char *cell_place(const struct cell *cell);

/* How many times as fast as the peer it ought to be. */
double cell_goal(const struct cell *cell);

#endif
