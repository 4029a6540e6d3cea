/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cells.h - the grid of measurements: all combinations of operation, flags, length and place
 *
 * The table is in cells.c; cells_walk() visits the whole grid.
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
	size_t offset;   /* bytes from the beginning of a cache line to the destination */
	ptrdiff_t apart; /* distance of a memmove: destination minus source; 0: no overlap */
	bool walks;      /* each call uses new memory; if false, all use the same, cached memory */
	size_t length;
};

/* Calls `visit` for each measurement (cell), in the order of the table. */
void cells_walk(void (*visit)(const struct cell *cell));

/*
 * Return the text for one column of the row that this measurement (cell) has in the results. The
 * text is in a static buffer, which the next call of the same function overwrites.
 */
const char *cell_face(const struct cell *cell);
const char *cell_operation(const struct cell *cell);
const char *cell_flags(const struct cell *cell);
const char *cell_place(const struct cell *cell);

/*
 * Returns the speed that our library should reach, as a multiple of the speed of the peer
 * (Debian's library): 2 means half of the peer's time.
 */
double cell_goal(const struct cell *cell);

#endif
