/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.h - the calls of a face, the same for all contestants, whatever they are
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

/* Those of a library at each face. Two pages at `memory` are for the maps that they belong to. */
void calls_find(struct calls calls[FACES], const struct library *library, char *memory);

/*
 * The bare instructions for a cell: none, one or two ways of doing it, of which the faster one
 * counts.
 */
size_t calls_bare(const struct cell *cell, struct calls bare[2]);

#endif
