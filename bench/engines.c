/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engines.c - measures persist and copies with each engine that this CPU can run
 *
 *	engines [ROUNDS [ROW]]
 *
 * Prints nanoseconds for each call (medians of interleaved rounds). Calls walk through anonymous
 * memory, so that lines must be fetched and written. The engine chosen for this machine is marked.
 * With ROW, the name of a row of the tuning table (src/cpu), the program measures only the engine
 * that this row chooses, with the tuning of each row of the table.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "cpu/cpu.h"
#include "libpmem2.h"

#define ARENA     ((size_t)16 << 20)
#define WORK      ((size_t)256 << 10) /* bytes touched by a sample */
#define ROUND_MAX 1000
#define ENGINES   32

static char *arena, *source;

static const struct cell {
	const char *name;
	size_t length;
	int flags; /* flags of the copy; -1: no copy, but a store and a persist */
} cells[] = {
	{"store 8, persist", 8, -1},
	{"store 1024, persist", 1024, -1},
	{"copy 8", 8, 0},
	{"copy 64", 64, 0},
	{"copy 256", 256, 0},
	{"copy 256 temporal", 256, PMEM2_F_MEM_TEMPORAL},
	{"copy 4096", 4096, 0},
	{"copy 4096 temporal", 4096, PMEM2_F_MEM_TEMPORAL},
	{"copy 4096 no flush", 4096, PMEM2_F_MEM_NOFLUSH},
	{"copy 65536", 65536, 0},
};

/* An engine and a row of the tuning table. */
struct way {
	const struct cpu_engine *engine;
	const struct cpu_tuning *row;
};

static void store_and_persist(const struct cell *cell, char *to, uint64_t value)
{
	for (size_t i = 0; i < cell->length; i += 64)
		*(volatile uint64_t *)(to + i) = value;
	cpu_persist()(to, cell->length);
}

static double sample(const struct way *way, const struct cell *cell, size_t *at)
{
	const struct cpu_engine *engine = way->engine;

	size_t step = cell->length < 64 ? 64 : cell->length, calls = WORK / step;

	cpu.engine = engine;
	cpu.tuning = *way->row;
	cpu.fence_while_streaming = way->row->fence_while_streaming;
	double start = now_ns();

	for (size_t i = 0; i < calls; i++, *at = (*at + step) % (ARENA - cell->length)) {
		char *to = arena + *at;
		if (cell->flags < 0)
			store_and_persist(cell, to, i);
		else
			engine->move_line(to, source, cell->length, (unsigned)cell->flags);
	}
	return (now_ns() - start) / (double)calls;
}

static void measure(const struct cell *cell, const struct way *ways, size_t count, size_t rounds)
{
	static double samples[ENGINES][ROUND_MAX];
	size_t at = 0;

	for (size_t round = 0; round < rounds; round++)
		for (size_t e = 0; e < count; e++)
			samples[e][round] = sample(&ways[e], cell, &at);
	printf("%-20s", cell->name);
	for (size_t e = 0; e < count; e++)
		printf("%12.0f", median(samples[e], rounds));
	printf("\n");
	fflush(stdout);
}

/*
 * Lists each engine that this CPU can run, all with the row of the tuning table that is for this
 * CPU.
 */
static size_t engines_here(struct way *ways)
{
	static struct cpu_tuning row;
	size_t count = 0;

	row = cpu.tuning;
	for (const struct cpu_engine *e = cpu_engines(); e->name; e++)
		if (!(e->needs & ~cpu.features) && count < ENGINES) {
			ways[count++] = (struct way){e, &row};
			printf("%11.11s%c", e->name, e == cpu.engine ? '*' : ' ');
		}
	return count;
}

/*
 * Lists the engine that the row `name` of the tuning table chooses, once with each row of the
 * table: first with the row `name`, then with the other rows.
 */
static size_t rows_of(const char *name, struct way *ways)
{
	size_t count = 1;

	ways[0].row = cpu_tunings();
	while (ways[0].row->name && strcmp(ways[0].row->name, name))
		ways[0].row++;
	if (!ways[0].row->name) {
		fprintf(stderr, "engines: no row of the tuning table is called %s\n", name);
		exit(2);
	}
	cpu_init_tuned(ways[0].row);
	ways[0].engine = cpu.engine;
	printf("%12s", name);
	for (const struct cpu_tuning *row = cpu_tunings(); row->name && count < ENGINES; row++)
		if (row != ways[0].row) {
			ways[count++] = (struct way){cpu.engine, row};
			printf("%12s", row->name);
		}
	return count;
}

int main(int argc, char **argv)
{
	struct way ways[ENGINES];
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 101;

	if (!rounds || rounds > ROUND_MAX) {
		fprintf(stderr, "usage: engines [ROUNDS [ROW]], 1 to %d\n", ROUND_MAX);
		return 2;
	}
	cpu_init();
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	source = malloc(65536);
	if (arena == MAP_FAILED || !source)
		err(1, "out of memory");
	memset(arena, 1, ARENA);
	memset(source, 2, 65536);
	printf("%-20s", "ns a call");
	size_t count = argc > 2 ? rows_of(argv[2], ways) : engines_here(ways);
	printf("\n");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		measure(&cells[i], ways, count, rounds);
	return 0;
}
