/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counts.c - compares how many instructions are executed by our calls, with each row of the tuning
 * table (src/cpu); by the calls of the peer (Debian's libraries); and by the bare sequence
 *
 *	counts PEER-DIRECTORY [TABLE]
 *
 * Speaks TAP. For calls of the grid (cells.c) up to 4 KiB it counts instructions, flushes, fences,
 * prefetches, loads and stores, and reports calls of ours that exceed their bounds. The counts
 * depend only on the compiler and the chosen engine, not on the speed or load of the machine. All
 * counts are written to TABLE, together with the counts of cells that have no bounds. Our calls
 * come from the static library, which has the same functions as the shared one, but lets this
 * program choose the row of the tuning table.
 */
#include <err.h>
#include <libpmem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cells.h"
#include "counting.h"
#include "cpu/cpu.h"
#include "library.h"
#include "libpmem/init.h"
#include "tap.h"

#define KiB  ((size_t)1 << 10)
#define LINE ((size_t)64)
#define ROWS 8 /* the largest number of rows in the tuning table */

/* The bounds that counts must keep; bench/README.md gives the reasons for them. */
#define OVER_BARE        8  /* a flush or persist: this many instructions more than the bare loop */
#define LOADS_OVER_BARE  4  /* a flush or persist: this many loads more than the bare loop */
#define FETCHING         8  /* additional instructions of a persist that prefetches lines */
#define FOR_EACH_FETCH   4  /* additional instructions for each prefetched line */
#define OVER_PEER        12 /* a copy of up to 256 bytes: instructions more than the peer */
#define STORES_OVER_PEER 6  /* a longer copy: this many stores more than the peer, for each KiB */

/*
 * The peer (Debian's libpmem) copies this many bytes and more by non-temporal stores, unless a flag
 * says otherwise.
 */
#define STREAMED_BY_PEER (4 * LINE)

enum bound {
	LINES,      /* flush, persist: as many flushes and fences as the bare loop */
	OUTSIDE,    /* flush, persist: few more instructions and loads than the bare loop */
	SHORT_COPY, /* short copies: few more instructions than the peer */
	/* short copies: no more fences and stores than the peer, and at most one more flush */
	SHORT_FLUSHES,
	LONG_FLUSHES, /* long copies: no more flushes and fences than the peer */
	LONG_STORES,  /* long copies: few more stores than the peer */
	BOUNDS
};

static const char *const bounds[BOUNDS] = {
	"flush and persist: as many flushes and fences as in a bare loop of these instructions",
	"flush and persist: instructions and loads are at most a few more than the bare loop's",
	"copies up to 256 bytes: instructions are at most a few more than in Debian's libpmem",
	"copies up to 256 bytes: as many fences and stores as in Debian's libpmem, flushes at most one more",
	"longer copies: at most as many flushes and fences as in Debian's libpmem",
	"longer copies: stores are at most a few more than in Debian's libpmem",
};

static struct {
	unsigned cells, broken;
} found[ROWS][BOUNDS];

static _Alignas(4096) char memory[20 * 1024], source[8 * 1024];
static FILE *table; /* NULL: no table is written */
static bool has_peer;
static struct calls peers[FACES];

/*
 * Finds our calls of an interface (libpmem, or libpmem2 at a granularity), for the current row of
 * the tuning table (cpu.tuning).
 */
static struct calls ours_at(enum face face)
{
	const struct cpu_engine *engine = cpu.engine;

	if (face == FACE_PMEM)
		return (struct calls){pmem_flush, pmem_drain, pmem_persist, pmem_memcpy,
			pmem_memmove, pmem_memset};
	if (face == FACE_PMEM2_LINE)
		return (struct calls){engine->flush, engine->drain, cpu_persist(),
			engine->move_line, engine->move_line, engine->set_line};
	return (struct calls){NULL, engine->drain, engine->persist_byte, engine->move_byte,
		engine->move_byte, engine->set_byte};
}

static const void *target_of(const struct calls *calls, const struct cell *cell)
{
	switch (cell->operation) {
	case PERSIST:
		return (const void *)calls->persist;
	case FLUSH:
		return (const void *)calls->flush;
	case MEMCPY:
		return (const void *)calls->copy;
	case MEMMOVE:
		return (const void *)calls->move;
	default:
		return (const void *)calls->set;
	}
}

static void call(const struct calls *calls, const struct cell *cell)
{
	char *dest = memory + 8 * 1024 + cell->offset;
	const char *from = cell->apart ? dest - cell->apart : source;

	switch (cell->operation) {
	case PERSIST:
		calls->persist(dest, cell->length);
		break;
	case FLUSH:
		calls->flush(dest, cell->length);
		break;
	case MEMCPY:
		calls->copy(dest, from, cell->length, cell->flags);
		break;
	case MEMMOVE:
		calls->move(dest, from, cell->length, cell->flags);
		break;
	default:
		calls->set(dest, 1, cell->length, cell->flags);
	}
}

static struct count count_of(const struct calls *calls, const struct cell *cell)
{
	counting_start(target_of(calls, cell));
	call(calls, cell);
	return counting_end();
}

static void print_count(const struct count *count)
{
	char text[64];

	snprintf(text, sizeof(text), "%u/%u/%u/%u/%u/%u", count->instructions, count->flushes,
		count->fences, count->fetches, count->loads, count->stores);
	fprintf(table, " %20s", text);
}

static void print_cell(const struct cell *cell)
{
	fprintf(table, "%-10s %-7s %-19s %-13s %5zu", cell_face(cell), cell_operation(cell),
		cell_flags(cell), cell_place(cell), cell->length);
}

static void print_heading(void)
{
	fprintf(table,
		"instructions/flushes/fences/prefetches/loads/stores of a call; ours in each row of tuning\n\n%-10s %-7s %-19s %-13s %5s %20s %20s",
		"face", "call", "flags", "place", "size", "bare", "peer");
	for (const struct cpu_tuning *row = cpu_tunings(); row->name; row++)
		fprintf(table, " %20s", row->name);
	fprintf(table, "\n");
}

static void hold(size_t row, enum bound bound, const struct cell *cell, long ours, long most)
{
	found[row][bound].cells++;
	if (ours <= most || found[row][bound].broken++)
		return;
	diag("tuning %s: %s %s %s, %s, %zu bytes: the count is %ld, more than the allowed %ld",
		cpu_tunings()[row].name, cell_face(cell), cell_operation(cell), cell_flags(cell),
		cell_place(cell), cell->length, ours, most);
}

static void hold_to_bare(
	size_t row, const struct cell *cell, const struct count *ours, const struct count *bare)
{
	long most = bare->instructions + OVER_BARE;

	hold(row, LINES, cell, labs((long)ours->flushes - bare->flushes), 0);
	hold(row, LINES, cell, labs((long)ours->fences - bare->fences), 0);
	if (cpu_tunings()[row].persist_fetches)
		most += FETCHING + FOR_EACH_FETCH * ours->fetches;
	hold(row, OUTSIDE, cell, ours->instructions, most);
	/*
	 * If our call makes over LOADS_OVER_BARE loads more than the bare loop, then our loop loads
	 * a value in each iteration.
	 */
	hold(row, OUTSIDE, cell, ours->loads, (long)bare->loads + LOADS_OVER_BARE);
}

/* Returns how many cache lines the call (`cell`) stores to. */
static long lines_of(const struct cell *cell)
{
	return (long)((cell->offset + cell->length + LINE - 1) / LINE);
}

static void hold_copy_to_peer(
	size_t row, const struct cell *cell, const struct count *ours, const struct count *peer)
{
	/*
	 * If less than a line is left at the end of a copy, the peer streams words, but our
	 * library flushes the line: it may make one flush more.
	 */
	long flushes = peer->flushes + (cell->length <= 256);

	/*
	 * The row of the tuning table says up to which length our copies are flushed; the peer
	 * streams copies from four lines on.
	 */
	if (cell->length >= STREAMED_BY_PEER && ours->flushes &&
		cell->length < cpu_tunings()[row].stream_lines * LINE)
		flushes = lines_of(cell);
	if (cell->length <= 256) {
		hold(row, SHORT_COPY, cell, ours->instructions,
			peer->instructions + OVER_PEER + FOR_EACH_FETCH * (long)ours->fetches);
		hold(row, SHORT_FLUSHES, cell, ours->flushes, flushes);
		hold(row, SHORT_FLUSHES, cell, ours->fences, peer->fences);
		hold(row, SHORT_FLUSHES, cell, ours->stores, peer->stores);
		return;
	}
	hold(row, LONG_FLUSHES, cell, ours->flushes, flushes);
	hold(row, LONG_FLUSHES, cell, ours->fences, peer->fences);
	hold(row, LONG_STORES, cell, ours->stores,
		peer->stores + STORES_OVER_PEER * (long)(cell->length / KiB + 1));
}

/*
 * Returns whether to count the instructions of this call (`cell`). If a table is written, calls
 * that have no bounds are counted for it, too.
 */
static bool is_counted(const struct cell *cell)
{
	static const size_t lengths[] = {8, 64, 200, 256, KiB, 4 * KiB};
	bool is_listed = false;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		is_listed |= cell->length == lengths[i];
	if (cell->walks || !is_listed)
		return false;
	return table || cell->length < KiB || cell->operation <= FLUSH ||
	       (cell->face == FACE_PMEM && cell->operation != MEMMOVE &&
		       (cell->flags & ~(PMEM2_F_MEM_NOFLUSH | PMEM2_F_MEM_TEMPORAL)) == 0);
}

static void count_ours(const struct cell *cell, const struct count *bare, const struct count *peer)
{
	for (size_t row = 0; cpu_tunings()[row].name; row++) {
		cpu_init_tuned(&cpu_tunings()[row]);
		persist_init();
		struct calls calls = ours_at(cell->face);
		struct count ours = count_of(&calls, cell);
		if (table)
			print_count(&ours);
		if (cell->operation > FLUSH && peer)
			hold_copy_to_peer(row, cell, &ours, peer);
		else if (cell->operation <= FLUSH && bare)
			hold_to_bare(row, cell, &ours, bare);
	}
}

/*
 * Sets *bare to the counts of the bare instructions that do the same as this call (`cell`): of the
 * shortest sequence, if there are several. Returns false if there is no such sequence.
 */
static bool count_bare(const struct cell *cell, struct count *bare)
{
	struct calls calls[2];
	size_t ways = calls_bare(cell, calls);

	for (size_t i = 0; i < ways; i++) {
		struct count count = count_of(&calls[i], cell);
		if (!i || count.instructions < bare->instructions)
			*bare = count;
	}
	return ways;
}

static void visit(const struct cell *cell)
{
	static const struct count nothing;
	struct count bare = nothing, peer = nothing;

	/* At byte granularity a flush does nothing, so there is nothing to count. */
	if (!is_counted(cell) || (cell->face == FACE_PMEM2_BYTE && cell->operation == FLUSH))
		return;
	bool has_bare = count_bare(cell, &bare);
	if (has_peer)
		peer = count_of(&peers[cell->face], cell);
	if (table) {
		print_cell(cell);
		print_count(&bare);
		print_count(&peer);
	}
	count_ours(cell, has_bare ? &bare : NULL, has_peer ? &peer : NULL);
	if (table)
		fprintf(table, "\n");
}

static void tell(void)
{
	for (size_t row = 0; cpu_tunings()[row].name; row++)
		for (int bound = 0; bound < BOUNDS; bound++) {
			char point[160];
			snprintf(point, sizeof(point), "tuning %s: %s", cpu_tunings()[row].name,
				bounds[bound]);
			if (found[row][bound].cells)
				is_int(found[row][bound].broken, 0, "%s", point);
			else
				skip(point,
					bound <= OUTSIDE
						? "no bare loop of flushes is written for this CPU"
						: "Debian's libpmem, which the counts are compared with, is not installed");
		}
}

static void find_peer(const char *directory)
{
	char path[4096];
	struct library library = {NULL, NULL};

	snprintf(path, sizeof(path), "%s/libpmem2.so.1", directory);
	has_peer = access(path, R_OK) == 0;
	snprintf(path, sizeof(path), "%s/libpmem.so.1", directory);
	has_peer &= access(path, R_OK) == 0;
	if (!has_peer)
		return;
	library.pmem = library_load(directory, "libpmem.so.1");
	library.pmem2 = library_load(directory, "libpmem2.so.1");
	calls_find(peers, &library, memory);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: counts PEER-DIRECTORY [TABLE]");
	if (!counting_works())
		skip_all("this machine cannot trap after each instruction (single step)");
	if (argc > 2 && !(table = fopen(argv[2], "w")))
		err(1, "%s", argv[2]);
	find_peer(argv[1]);
	if (table)
		print_heading();
	cells_walk(visit);
	if (table && fclose(table))
		err(1, "%s", argv[2]);
	tell();
	int status = tap_done();
	fflush(stdout);
	/* Not exit(3): destructors of libraries in other dlmopen(3) namespaces may crash in it. */
	_exit(status);
}
