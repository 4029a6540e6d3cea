/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows.h - contestants that take turns, and the rows that come of it
 *
 * A case is run by several contestants: our library, the peer's, the peer's again from a second
 * copy (the difference of the two is the noise), and, where there is one, the bare sequence of
 * instructions or system calls. In a round each runs once, in an order that is drawn anew, so that
 * a slow moment is slow for all and nobody always finds what the same one has left in the caches.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stddef.h>

enum { OURS, PEER, PEER_AGAIN, BARE, BARE_TOO, CONTESTANTS };

#define ROUNDS_MAX 2000

/* Nanoseconds, of a call, of each contestant in each round. */
struct samples {
	size_t rounds;
	double of[CONTESTANTS][ROUNDS_MAX];
};

/* The columns of a row that name its case; a column without a meaning is "-". */
struct title {
	const char *group, *call, *flags, *place, *pace;
	size_t size;
	double goal; /* the peer's time in relation to ours ought to be at least this; 0: none */
};

/* The contestants, each once, in an order that differs from call to call. */
void rows_order(size_t order[], size_t contestants);

/* Print the row to standard output; the faster one of the bare contestants is the one that counts.
 */
void rows_print(const struct title *title, struct samples *samples, size_t contestants);

#endif
