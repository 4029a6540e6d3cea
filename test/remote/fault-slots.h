/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-slots.h - the stores that fault-storm.c and fault-writer.c make in a pool, and the check
 * that finds a lost store
 *
 * The pool is divided into slots. The numbers of the last store that was begun, and of the last one
 * that was acknowledged, are kept for each slot, in memory that outlives the process that stores.
 * Every word in the pool depends on its slot and the number of its store, so that a word too old,
 * too new, torn or misplaced is found.
 */
#ifndef TEST_REMOTE_FAULT_SLOTS_H
#define TEST_REMOTE_FAULT_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "random.h"

#define POOL_SIZE ((size_t)4 << 20)
#define HEADER    4096u
#define SLOTS     60u

struct slot {
	size_t offset, length; /* multiples of 8 */
	uint32_t started;      /* number of the last store that was begun */
	uint32_t acked;        /* number of the last store that was acknowledged as durable */
	bool relaxed;          /* a relaxed store, which may tear words, was made to the slot */
};

struct slots {
	struct slot at[SLOTS];
	uint64_t random;
	uint64_t stores; /* number of acknowledged stores */
};

static inline uint64_t draw(uint64_t *random, uint64_t below)
{
	return random_next(random) % below;
}

static inline void nap(long microseconds)
{
	nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

/*
 * Places the slots at random offsets, spread over most of the pool. Returns false if they do not
 * fit into the pool.
 */
static inline bool slots_init(struct slots *slots, uint64_t seed)
{
	static const size_t lengths[] = {8, 64, 24, 200, 4096, 8, 40000, 262144, 16, 1024};
	size_t offset = HEADER;

	slots->random = seed * UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < SLOTS; i++) {
		slots->at[i].offset = offset;
		slots->at[i].length = lengths[i % (sizeof(lengths) / sizeof(lengths[0]))];
		offset += slots->at[i].length + 8 * draw(&slots->random, 4000);
	}
	return offset <= POOL_SIZE;
}

static inline uint64_t slots_word(unsigned slot, size_t index, uint32_t store)
{
	uint64_t mix = (index + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (slot + 1) * 0x85ebca6bu ^
		       store * UINT64_C(0xc2b2ae3d27d4eb4f);

	return (uint64_t)store << 32 | (uint32_t)(mix ^ mix >> 32);
}

/* Writes the words of the slot's latest store to the memory. */
static inline void slots_fill(const struct slots *slots, char *memory, unsigned i)
{
	const struct slot *slot = &slots->at[i];
	uint64_t *at = (uint64_t *)(memory + slot->offset);

	for (size_t k = 0; k < slot->length / 8; k++)
		at[k] = slots_word(i, k, slot->started);
}

/* Begin a store: keep its number in the slot, and write its words to the memory. */
static inline void slots_begin(struct slots *slots, char *memory, unsigned i, bool relaxed)
{
	struct slot *slot = &slots->at[i];

	/*
	 * If the previous store to this slot may be torn and was not acknowledged, this one may be
	 * torn, too.
	 */
	slot->relaxed = relaxed || (slot->relaxed && slot->started != slot->acked);
	slot->started++;
	atomic_signal_fence(memory_order_seq_cst);
	slots_fill(slots, memory, i);
}

static inline void slots_acknowledge(struct slots *slots, unsigned i)
{
	slots->at[i].acked = slots->at[i].started;
	slots->stores++;
}

/*
 * Checks a slot in a copy of the pool: each word must be of the last acknowledged store or of a
 * later one. If a word is not, returns false, and writes the reason to `why`.
 */
static inline bool slots_check(
	const struct slots *slots, unsigned i, const char *there, char *why, size_t size)
{
	const struct slot *slot = &slots->at[i];
	const uint64_t *at = (const uint64_t *)(there + slot->offset);

	if (slot->relaxed && slot->started != slot->acked)
		return true; /* a torn slot may mix bytes of acknowledged and later stores */
	for (size_t k = 0; k < slot->length / 8; k++) {
		uint32_t store = (uint32_t)(at[k] >> 32);
		if (store >= slot->acked && store <= slot->started &&
			at[k] == (store ? slots_word(i, k, store) : 0))
			continue;
		snprintf(why, size,
			"slot %u, word %zu of %zu at offset %zu: %#jx; store %u was acknowledged, "
			"%u begun",
			i, k, slot->length / 8, slot->offset + 8 * k, (uintmax_t)at[k], slot->acked,
			slot->started);
		return false;
	}
	return true;
}

#endif
