/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limit.c - what no copy can be faster than: writing lines to memory, from nowhere
 *
 *	limit OUR-DIRECTORY PEER-DIRECTORY [ROUNDS]
 *
 * Nanoseconds a line of 64 bytes, of 1 MiB: filling it with the bare streaming stores of this
 * machine, copying to it, and moving it by 64 bytes within itself, up and down. An overlapping move
 * that takes as long as the fill cannot become faster, whatever the peer takes. Below that, 8 bytes
 * with PMEM_F_MEM_NODRAIN to one place, a call: each has to wait for the line that the one before
 * has flushed.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare.h"
#include "clock.h"
#include "library.h"

#define LINE      ((size_t)64)
#define LENGTH    ((size_t)1 << 20)
#define ARENA     (64 * LENGTH)
#define CALLS     200
#define ROUND_MAX 1000

static char *arena, *source;
static __typeof__(pmem_memmove) *moves[PEER_AGAIN + 1];

/* Somewhere else in the arena, so that nothing is in a cache. */
static char *next_place(void)
{
	static size_t at;

	at = (at + 2 * LENGTH) % (ARENA - 2 * LENGTH);
	return arena + at + LENGTH / 2;
}

static double fill(int who)
{
	char *to = next_place();
	double start = now_ns();

	(void)who;
	bare_set(BARE_STREAM_DRAIN, LENGTH)(to, 1, LENGTH, 0);
	return (now_ns() - start) / (LENGTH / LINE);
}

static double copy(int who)
{
	char *to = next_place();
	double start = now_ns();

	moves[who](to, source, LENGTH, 0);
	return (now_ns() - start) / (LENGTH / LINE);
}

static double move(int who, ptrdiff_t by)
{
	char *from = next_place();
	double start = now_ns();

	moves[who](from + by, from, LENGTH, 0);
	return (now_ns() - start) / (LENGTH / LINE);
}

static double move_up(int who)
{
	return move(who, (ptrdiff_t)LINE);
}

static double move_down(int who)
{
	return move(who, -(ptrdiff_t)LINE);
}

static double rewrite(int who)
{
	double start = now_ns();

	for (int i = 0; i < CALLS; i++)
		moves[who](arena, source, 8, PMEM_F_MEM_NODRAIN);
	return (now_ns() - start) / CALLS;
}

static double rewrite_bare(int who)
{
	bare_move_fn *call = bare_move(BARE_FLUSH, 8);
	double start = now_ns();

	(void)who;
	for (int i = 0; i < CALLS; i++)
		call(arena, source, 8, 0);
	return (now_ns() - start) / CALLS;
}

static const struct {
	const char *name;
	double (*run)(int who);
	int who;
} lines[] = {
	{"fill, bare", fill, OURS},
	{"copy, ours", copy, OURS},
	{"copy, peer", copy, PEER},
	{"move by +64, ours", move_up, OURS},
	{"move by +64, peer", move_up, PEER},
	{"move by -64, ours", move_down, OURS},
	{"move by -64, peer", move_down, PEER},
	{"8 bytes again, bare", rewrite_bare, OURS},
	{"8 bytes again, ours", rewrite, OURS},
	{"8 bytes again, peer", rewrite, PEER},
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

int main(int argc, char **argv)
{
	static double samples[LINES][ROUND_MAX];
	size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 101;

	if (argc < 3 || !rounds || rounds > ROUND_MAX)
		errx(2, "usage: limit OUR-DIRECTORY PEER-DIRECTORY [ROUNDS], 1 to %d", ROUND_MAX);
	if (!bare_persist(BARE_FLUSH_DRAIN))
		errx(1, "no bare instructions for this CPU");
	library_load_all(argv[1], argv[2]);
	for (int i = OURS; i <= PEER; i++)
		moves[i] = CALL(libraries[i].pmem, pmem_memmove);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	source = malloc(LENGTH);
	if (arena == MAP_FAILED || !source)
		errx(1, "no memory");
	memset(arena, 1, ARENA);
	memset(source, 2, LENGTH);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < LINES; i++)
			samples[i][round] = lines[i].run(lines[i].who);
	printf("ns a line\n");
	for (size_t i = 0; i < LINES; i++)
		printf("%-20s %8.2f\n", lines[i].name, median(samples[i], rounds));
	fflush(stdout);
	_exit(0); /* destructors of libraries in other namespaces may not survive exit(3) */
}
