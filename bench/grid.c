/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * grid.c - measures all operations of the grid (cells.c): ours, the peer's, and bare instructions
 *
 *	grid OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS] [FACE [OPERATION [FLAGS]]]
 *
 * Prints a row for each cell, and measures each cell for MILLISECONDS (100 unless given). FACE
 * (pmem, pmem2-line, pmem2-byte), OPERATION and FLAGS choose cells. The memory is ordinary, and the
 * environment tells the libraries that it is persistent.
 */
#include <err.h>
#include <libpmem.h>
#include <libpmem2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "cells.h"
#include "clock.h"
#include "library.h"
#include "rows.h"

#define MiB ((size_t)1 << 20)

/* Bytes of memory that walking calls (cells.h) go through: more than the caches of a core hold. */
#define ARENA  (80 * MiB)
#define LINE   64
#define MARGIN (64 * 1024) /* bytes before and behind the measured memory */

/* Nanoseconds that a sample takes at least, so that reading the clock does not matter. */
#define SAMPLE_NS 30000.0

static struct calls calls_of[PEER_AGAIN + 1][FACES];
static char *arena, *source;
static size_t walked;
static double budget_ns = 100e6;
static const char *only_face, *only_operation, *only_flags;

static char *get_memory(size_t size)
{
	char *memory = mmap(
		NULL, size + 2 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "out of memory");
	memory += -(uintptr_t)memory % (2 * MiB);
	/* Large pages, because persistent memory is mapped with large pages, too. */
	madvise(memory, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < size; i++)
		memory[i] = (char)(i * 7);
	return memory;
}

static void find_calls(void)
{
	for (int i = OURS; i <= PEER_AGAIN; i++)
		calls_find(calls_of[i], &libraries[i], arena);
}

/*
 * Returns the beginning of the memory that a sample's calls store to. The first call stores at the
 * offset *at, each next one *step bytes further, and from offset 0 on again when *wrap is reached.
 */
static char *place(const struct cell *cell, size_t *step, size_t *wrap, size_t *at)
{
	size_t room = cell->length + 2 * MARGIN;

	*step = cell->walks ? (cell->length + 2 * LINE - 1) / LINE * LINE : 0;
	*wrap = (ARENA - room - 16 * MiB) / LINE * LINE;
	*at = cell->walks && walked < *wrap ? walked : 0;
	return arena + MARGIN + 8 * MiB + cell->offset;
}

static void store_to_lines(char *to, size_t length, size_t value)
{
	for (size_t i = 0; i < length; i += LINE)
		*(volatile char *)(to + i) = (char)value;
}

static void run_persists(const struct calls *calls, const struct cell *cell, size_t count)
{
	void (*call)(const void *, size_t) =
		cell->operation == PERSIST ? calls->persist : calls->flush;
	size_t step, wrap, at;
	char *base = place(cell, &step, &wrap, &at);

	for (size_t i = 0; i < count; i++, at = at + step < wrap ? at + step : 0) {
		store_to_lines(base + at, cell->length, i);
		call(base + at, cell->length);
	}
	walked = at;
}

static void run_moves(const struct calls *calls, const struct cell *cell, size_t count)
{
	void *(*call)(void *, const void *, size_t, unsigned) =
		cell->operation == MEMCPY ? calls->copy : calls->move;
	size_t step, wrap, at;
	char *base = place(cell, &step, &wrap, &at);

	for (size_t i = 0; i < count; i++, at = at + step < wrap ? at + step : 0)
		call(base + at, cell->apart ? base + at - cell->apart : source, cell->length,
			cell->flags);
	walked = at;
}

static void run_sets(const struct calls *calls, const struct cell *cell, size_t count)
{
	size_t step, wrap, at;
	char *base = place(cell, &step, &wrap, &at);

	for (size_t i = 0; i < count; i++, at = at + step < wrap ? at + step : 0)
		calls->set(base + at, (int)i, cell->length, cell->flags);
	walked = at;
}

/* Returns nanoseconds for each call, including the drain of undrained calls at the end. */
static double run(const struct calls *calls, const struct cell *cell, size_t count)
{
	void (*runs)(const struct calls *, const struct cell *, size_t) =
		cell->operation <= FLUSH    ? run_persists
		: cell->operation == MEMSET ? run_sets
					    : run_moves;

	/* One call, which is not timed, leaves the caches as calls of this library leave them. */
	if (!cell->walks)
		runs(calls, cell, 1);
	double start = now_ns();
	runs(calls, cell, count);
	calls->drain();
	return (now_ns() - start) / (double)count;
}

/* Returns the number of calls in a sample, and sets the time that one call takes. */
static size_t calls_a_sample(const struct calls *calls, const struct cell *cell, double *took)
{
	size_t count = 1;

	do
		*took = run(calls, cell, count);
	while (*took * (double)count < SAMPLE_NS && (count *= 2));
	return count;
}

static bool is_wanted(const struct cell *cell)
{
	if (only_face && strcmp(only_face, cell_face(cell)))
		return false;
	if (only_operation && strcmp(only_operation, cell_operation(cell)))
		return false;
	return !only_flags || !strcmp(only_flags, cell_flags(cell));
}

static void visit(const struct cell *cell)
{
	static struct samples samples;
	struct calls contestants[CONTESTANTS];
	size_t order[CONTESTANTS], count = BARE;
	double took;

	if (!is_wanted(cell))
		return;
	for (int i = OURS; i <= PEER_AGAIN; i++)
		contestants[i] = calls_of[i][cell->face];
	count += calls_bare(cell, &contestants[BARE]);
	size_t calls = calls_a_sample(&contestants[PEER], cell, &took);
	double round_ns = took * (double)(calls + !cell->walks) * (double)count;
	samples.rounds = (size_t)(budget_ns / round_ns);
	if (samples.rounds < 5)
		samples.rounds = 5;
	if (samples.rounds > ROUNDS_MAX)
		samples.rounds = ROUNDS_MAX;
	for (size_t round = 0; round < samples.rounds; round++) {
		rows_order(order, count);
		for (size_t i = 0; i < count; i++)
			samples.of[order[i]][round] = run(&contestants[order[i]], cell, calls);
	}
	rows_print(&(struct title){cell_face(cell), cell_operation(cell), cell_flags(cell),
			   cell_place(cell), cell->walks ? "walking" : "hot", cell->length,
			   cell_goal(cell)},
		&samples, count);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: grid OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS] [FACE [OPERATION [FLAGS]]]");
	if (argc > 3)
		budget_ns = strtod(argv[3], NULL) * 1e6;
	only_face = argc > 4 ? argv[4] : NULL;
	only_operation = argc > 5 ? argv[5] : NULL;
	only_flags = argc > 6 ? argv[6] : NULL;
	setenv("PMEM_IS_PMEM_FORCE", "1", 1);
	library_load_all(argv[1], argv[2]);
	arena = get_memory(ARENA);
	source = get_memory(17 * MiB);
	find_calls();
	cells_walk(visit);
	fflush(stdout);
	/* Not exit(3): destructors of libraries in other dlmopen(3) namespaces may crash in it. */
	_exit(0);
}
