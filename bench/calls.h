/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.h - pointers to the measured functions: all libraries, and the bare sequences of
 * instructions that they are compared with, have functions of the same types
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stddef.h>

#include "cells.h"
#include "library.h"

struct calls {
	void (*flush)(const void *, size_t), (*drain)(void), (*persist)(const void *, size_t);
	void *(*copy)(void *, const void *, size_t, unsigned);
	void *(*move)(void *, const void *, size_t, unsigned);
	void *(*set)(void *, int, size_t, unsigned);
};

/*
 * Finds the calls of a library for each interface (face): libpmem, and libpmem2 at two
 * granularities. The maps of libpmem2 are made from the two pages at `memory`.
 */
void calls_find(struct calls calls[FACES], const struct library *library, char *memory);

/*
 * Finds the sequences of bare instructions that do the same as the measured call (`cell`). Returns
 * the number of sequences, 0, 1 or 2; libraries are compared with the faster sequence.
 */
size_t calls_bare(const struct cell *cell, struct calls bare[2]);

#endif
