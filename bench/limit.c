/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limit.c - measures a lower bound for the time of copies: filling lines of memory, without
 * reading
 *
 *	limit OUR-DIRECTORY PEER-DIRECTORY [ROUNDS]
 *
 * Prints how many nanoseconds each line of 64 bytes takes in operations on 1 MiB: filling it with
 * the bare streaming stores of this machine, copying to it, and moving it by 64 bytes within
 * itself, up and down. An overlapping move that takes as long as the fill cannot become faster,
 * even if the peer is faster.
 *
 * Then prints nanoseconds for each copy of 8 bytes with PMEM_F_MEM_NODRAIN, with a drain after
 * each 16 copies: to one place, where each copy waits for the line that the previous one has
 * flushed, and to scattered lines. Streaming stores of words are faster to one place and slower to
 * scattered lines, and a library cannot know which kind of call comes next.
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
#define CALLS     320
#define DRAINED   16 /* number of calls between drains */
#define ROUND_MAX 1000

static char *arena, *source;
static __typeof__(pmem_memmove) *moves[PEER_AGAIN + 1];

/*
 * Returns an address in the arena (the measured memory), where lines are in no cache. Each call
 * returns another address.
 */
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

static void drain(void)
{
	bare_persist(BARE_STORE_DRAIN)(NULL, 0);
}

/* Calls `call` again and again, with destinations that are `step` bytes apart. */
static double store_words(bare_move_fn *call, unsigned flags, size_t step)
{
	char *to = step ? next_place() : arena;
	double start = now_ns();

	for (size_t i = 0; i < CALLS; i++) {
		call(to + i * step, source, 8, flags);
		if (i % DRAINED == DRAINED - 1)
			drain();
	}
	return (now_ns() - start) / CALLS;
}

#define ELSEWHERE (5 * LINE)

static double again(int who)
{
	return store_words(moves[who], PMEM_F_MEM_NODRAIN, 0);
}

static double again_flushed(int who)
{
	(void)who;
	return store_words(bare_move(BARE_FLUSH, 8), 0, 0);
}

static double again_streamed(int who)
{
	(void)who;
	return store_words(bare_move(BARE_STREAM, 8), 0, 0);
}

static double elsewhere(int who)
{
	return store_words(moves[who], PMEM_F_MEM_NODRAIN, ELSEWHERE);
}

static double elsewhere_flushed(int who)
{
	(void)who;
	return store_words(bare_move(BARE_FLUSH, 8), 0, ELSEWHERE);
}

static double elsewhere_streamed(int who)
{
	(void)who;
	return store_words(bare_move(BARE_STREAM, 8), 0, ELSEWHERE);
}

#define A_LINE "ns a line"
#define A_CALL "ns a call of 8 bytes"

static const struct {
	const char *name;
	double (*run)(int who);
	int who;
	const char *unit;
} lines[] = {
	{"fill, bare", fill, OURS, A_LINE},
	{"copy, ours", copy, OURS, A_LINE},
	{"copy, peer", copy, PEER, A_LINE},
	{"move by +64, ours", move_up, OURS, A_LINE},
	{"move by +64, peer", move_up, PEER, A_LINE},
	{"move by -64, ours", move_down, OURS, A_LINE},
	{"move by -64, peer", move_down, PEER, A_LINE},
	{"again, bare, flushed", again_flushed, OURS, A_CALL},
	{"again, bare, streamed", again_streamed, OURS, A_CALL},
	{"again, ours", again, OURS, A_CALL},
	{"again, peer", again, PEER, A_CALL},
	{"elsewhere, bare, flushed", elsewhere_flushed, OURS, A_CALL},
	{"elsewhere, bare, streamed", elsewhere_streamed, OURS, A_CALL},
	{"elsewhere, ours", elsewhere, OURS, A_CALL},
	{"elsewhere, peer", elsewhere, PEER, A_CALL},
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

int main(int argc, char **argv)
{
	static double samples[LINES][ROUND_MAX];
	size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 101;

	if (argc < 3 || !rounds || rounds > ROUND_MAX)
		errx(2, "usage: limit OUR-DIRECTORY PEER-DIRECTORY [ROUNDS], 1 to %d", ROUND_MAX);
	if (!bare_persist(BARE_FLUSH_DRAIN))
		errx(1, "no bare flush instructions are written for this CPU");
	library_load_all(argv[1], argv[2]);
	for (int i = OURS; i <= PEER; i++)
		moves[i] = CALL(libraries[i].pmem, pmem_memmove);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	source = malloc(LENGTH);
	if (arena == MAP_FAILED || !source)
		errx(1, "out of memory");
	memset(arena, 1, ARENA);
	memset(source, 2, LENGTH);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < LINES; i++)
			samples[i][round] = lines[i].run(lines[i].who);
	for (size_t i = 0; i < LINES; i++)
		printf("%-26s %8.2f %s\n", lines[i].name, median(samples[i], rounds),
			lines[i].unit);
	fflush(stdout);
	_exit(0); /* not exit(3): destructors of libraries in other namespaces may crash */
}
