/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * differ.h - find the pages in which memory differs from a pool that is known by its hashes only
 *
 * The hashes of large blocks are compared first, and then those of the pages in blocks that differ.
 * Several requests are under way, so that the target hashes the next range while this side compares
 * the previous range. The memory needed is small, and does not depend on the size of the pool or on
 * the number of differences.
 */
#ifndef WIRE_DIFFER_H
#define WIRE_DIFFER_H

#include <stdbool.h>

#include "wire/compare.h"

/*
 * The maximum number of requests under way, and how many of these may be for hashes of blocks. The
 * target is then at most 48 MiB ahead of this side, which hides round trips of 50 ms at 1 GB/s.
 */
#define DIFFER_WINDOW 32
#define DIFFER_AHEAD  6

/* All functions return 0, or a negative code that ends the comparison. */
struct differ_calls {
	/* Send a request. */
	int (*ask)(void *context, const struct compare_ask *ask);
	/*
	 * Wait for the reply to the oldest unanswered request; *hashes is valid until the next
	 * call of `ask`.
	 */
	int (*take)(
		void *context, const struct compare_ask *ask, const uint8_t (**hashes)[HASH_SIZE]);
	/*
	 * `mark` is called once, before the pages of the first block that differs are requested.
	 * This block begins at `offset`; all bytes before it are equal. `mark` may send another
	 * request, and `marked` takes its reply. Both may be NULL.
	 */
	int (*mark)(void *context, uint64_t offset);
	int (*marked)(void *context);
	/* Called for each range of whole pages that differs. */
	int (*differ)(void *context, uint64_t offset, size_t length);
	/* Called when the blocks of `length` more bytes have been compared. */
	int (*progress)(void *context, size_t length);
	void *context;
};

/*
 * Compare the bytes from offset `begin` to offset `end` of the memory at `local`; both offsets are
 * multiples of COMPARE_PAGE. After a failure, replies to some requests may still be outstanding.
 */
int differ_run(const struct differ_calls *calls, const void *local, uint64_t begin, uint64_t end,
	uint64_t seed);

#endif
