/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * grid.c - every operation of the grid (cells.c): ours, the peer's, and the bare instructions
 *
 *	grid OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS] [FACE [OPERATION [FLAGS]]]
 *
 * A row for each cell, which gets that much time (100 unless given); only those of a face
 * (pmem, pmem2-line, pmem2-byte), of an operation and with exactly those flags, if asked for.
 * The memory is ordinary, and the libraries are told that it is persistent.
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

#include "bare.h"
#include "cells.h"
#include "clock.h"
#include "library.h"
#include "rows.h"

#define MiB ((size_t)1 << 20)

/* Walked through, it is too large for the caches of a core. */
#define ARENA  (80 * MiB)
#define LINE   64
#define MARGIN (64 * 1024) /* around what is copied */

/* The least that a sample takes: the clock must not matter. */
#define SAMPLE_NS 30000.0

/* The same for all contestants, whatever they are. */
struct calls {
	void (*flush)(const void *, size_t), (*drain)(void), (*persist)(const void *, size_t);
	void *(*copy)(void *, const void *, size_t, unsigned);
	void *(*move)(void *, const void *, size_t, unsigned);
	void *(*set)(void *, int, size_t, unsigned);
};

static struct calls calls_of[FACES][PEER_AGAIN + 1];
static char *arena, *source;
static size_t walked;
static double budget_ns = 100e6;
static const char *only_face, *only_operation, *only_flags;

static char *get_memory(size_t size)
{
	char *memory = mmap(
		NULL, size + 2 * MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "no memory");
	memory += -(uintptr_t)memory % (2 * MiB);
	/* Persistent memory has large pages, too. */
	madvise(memory, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < size; i++)
		memory[i] = (char)(i * 7);
	return memory;
}

static void find_pmem(struct calls *calls, void *in)
{
	*calls = (struct calls){
		.flush = CALL(in, pmem_flush),
		.drain = CALL(in, pmem_drain),
		.persist = CALL(in, pmem_persist),
		.copy = CALL(in, pmem_memcpy),
		.move = CALL(in, pmem_memmove),
		.set = CALL(in, pmem_memset),
	};
}

static void find_pmem2(struct calls *calls, const struct library *library, int fd, size_t part,
	enum pmem2_granularity granularity)
{
	struct pmem2_map *map = library_adopt(library, fd, arena + part, LINE, granularity);
	void *in = library->pmem2;

	*calls = (struct calls){
		.flush = CALL(in, pmem2_get_flush_fn)(map),
		.drain = CALL(in, pmem2_get_drain_fn)(map),
		.persist = CALL(in, pmem2_get_persist_fn)(map),
		.copy = CALL(in, pmem2_get_memcpy_fn)(map),
		.move = CALL(in, pmem2_get_memmove_fn)(map),
		.set = CALL(in, pmem2_get_memset_fn)(map),
	};
}

static void find_calls(void)
{
	char name[] = "/tmp/holdfast-bench-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) || ftruncate(fd, LINE))
		err(1, "%s", name);
	for (int i = OURS; i <= PEER_AGAIN; i++) {
		find_pmem(&calls_of[FACE_PMEM][i], libraries[i].pmem);
		find_pmem2(&calls_of[FACE_PMEM2_LINE][i], &libraries[i], fd, 0,
			PMEM2_GRANULARITY_CACHE_LINE);
		find_pmem2(&calls_of[FACE_PMEM2_BYTE][i], &libraries[i], fd, 4096,
			PMEM2_GRANULARITY_BYTE);
	}
	close(fd);
}

/* The bare instructions for these flags, in two ways; the faster one counts. */
static void bare_ways(const struct cell *cell, enum bare_way ways[2])
{
	bool drains = !(cell->flags & PMEM2_F_MEM_NODRAIN);
	enum bare_way stream = drains ? BARE_STREAM_DRAIN : BARE_STREAM;

	if (cell->face == FACE_PMEM2_BYTE)
		ways[0] = drains ? BARE_STORE_DRAIN : BARE_STORE;
	else
		ways[0] = drains ? BARE_FLUSH_DRAIN : BARE_FLUSH;
	ways[1] = stream;
	if (cell->flags & PMEM2_F_MEM_NOFLUSH)
		ways[0] = ways[1] = BARE_STORE;
	else if (cell->flags & (PMEM2_F_MEM_TEMPORAL | PMEM2_F_MEM_WB))
		ways[1] = ways[0];
	else if (cell->face == FACE_PMEM2_BYTE && cell->flags & PMEM2_F_MEM_NONTEMPORAL)
		ways[0] = stream;
	else if (cell->face == FACE_PMEM2_BYTE)
		ways[1] = ways[0];
}

static void bare_drain(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* How many there are: none, one or two. */
static size_t find_bare(const struct cell *cell, struct calls bare[2])
{
	enum bare_way ways[2];

	if (!bare_persist(BARE_FLUSH))
		return 0;
	bare_ways(cell, ways);
	for (int i = 0; i < 2; i++)
		bare[i] = (struct calls){bare_persist(BARE_FLUSH), bare_drain,
			bare_persist(ways[0]), bare_move(ways[i], cell->length),
			bare_move(ways[i], cell->length), bare_set(ways[i], cell->length)};
	return cell->operation <= FLUSH || ways[0] == ways[1] ? 1 : 2;
}

/* Returns the place that the next call stores to, and sets the distance to the one after it. */
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

/* Nanoseconds a call. What is left undrained is drained within the time. */
static double run(const struct calls *calls, const struct cell *cell, size_t count)
{
	void (*runs)(const struct calls *, const struct cell *, size_t) =
		cell->operation <= FLUSH    ? run_persists
		: cell->operation == MEMSET ? run_sets
					    : run_moves;

	if (!cell->walks)
		runs(calls, cell, 1); /* the caches are as this contestant leaves them */
	double start = now_ns();
	runs(calls, cell, count);
	calls->drain();
	return (now_ns() - start) / (double)count;
}

/* How many calls make a sample, and how long one takes. */
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
	memcpy(contestants, calls_of[cell->face], sizeof(calls_of[cell->face]));
	count += find_bare(cell, &contestants[BARE]);
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
		errx(2, "usage: grid OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS] [FACE [OPERATION "
			"[FLAGS]]]");
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
	/* Not exit(3): destructors of libraries in other namespaces may not survive it. */
	_exit(0);
}
