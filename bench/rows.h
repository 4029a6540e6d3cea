/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows.h - lets contestants take turns, and prints the rows of results
 *
 * Several contestants run a case: our library, the peer's, the peer's again from a second copy
 * (the difference of these two is the noise), and, if there is one, the bare sequence of
 * instructions or system calls. In a round each contestant runs once, in random order, so that a
 * slow moment of the machine slows all of them, and no contestant always runs right after the same
 * other contestant, whose data would be in the caches.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stddef.h>

enum { OURS, PEER, PEER_AGAIN, BARE, BARE_TOO, CONTESTANTS };

#define ROUNDS_MAX 2000

/* Nanoseconds for each call, by contestant and round. */
struct samples {
	size_t rounds;
	double of[CONTESTANTS][ROUNDS_MAX];
};

/* The columns of a row that name its case; a column that means nothing for the case is "-". */
struct title {
	const char *group, *call, *flags, *place, *pace;
	size_t size;
	double goal; /* wanted: the peer's time is at least this many times ours; 0: no goal */
};

/* Fills `order` with the numbers of all contestants, in an order that differs from call to call. */
void rows_order(size_t order[], size_t contestants);

/*
 * Print the row to standard output. Its bare time is the time of the faster one of the bare
 * contestants.
 */
void rows_print(const struct title *title, struct samples *samples, size_t contestants);

#endif
