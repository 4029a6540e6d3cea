/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.h - counters that one thread changes and any thread reads, and a histogram of times
 *
 * A tally lies in cache lines that only its owner writes to, so counting costs the owner a plain
 * store and delays no other thread. A reader sums the tallies of all owners. If a call is in
 * progress, the reader may see some of the changes that it makes, and not others.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "libpmem2/times.h"

enum tally_kind {
	TALLY_FLUSHES,
	TALLY_DRAINS,
	TALLY_BYTES,
	TALLY_READS,      /* remote only */
	TALLY_READ_BYTES, /* remote only */
	TALLY_RANGES,     /* PAGE write-back only */
	TALLY_PAGES,      /* PAGE write-back only */
	TALLY_RETRIES,
	TALLY_FAILURES,
	TALLY_RECONNECTS, /* remote only */
	TALLY_TIMES,      /* the first of HOLDFAST_TIMES counters, one for each span of time */
	TALLY_KINDS = TALLY_TIMES + HOLDFAST_TIMES
};

struct tally {
	_Atomic uint64_t counts[TALLY_KINDS];
};

/* Only the owner of the tally may call this function. */
static inline void tally_add(struct tally *tally, unsigned kind, uint64_t number)
{
	uint64_t before = atomic_load_explicit(&tally->counts[kind], memory_order_relaxed);

	atomic_store_explicit(&tally->counts[kind], before + number, memory_order_relaxed);
}

/* Any thread may call this function, if no thread changes the tally with tally_add(). */
static inline void tally_add_shared(struct tally *tally, unsigned kind, uint64_t number)
{
	atomic_fetch_add_explicit(&tally->counts[kind], number, memory_order_relaxed);
}

/* Nanoseconds of CLOCK_MONOTONIC, which nobody can set. */
static inline uint64_t tally_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Returns the counter for a time in ns. Each counter's span of time ends at twice the end of the
 * previous one.
 */
static inline unsigned tally_time(uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned span = us ? 64 - (unsigned)__builtin_clzll(us) : 0;

	return TALLY_TIMES + (span < HOLDFAST_TIMES ? span : HOLDFAST_TIMES - 1);
}

static inline void tally_sum(const struct tally *tally, uint64_t sums[TALLY_KINDS])
{
	for (unsigned i = 0; i < TALLY_KINDS; i++)
		sums[i] += atomic_load_explicit(&tally->counts[i], memory_order_relaxed);
}

#endif
