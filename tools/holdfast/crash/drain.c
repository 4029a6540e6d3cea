/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drain.c - read records from the ring, and skip those that killed writers have left unfinished
 *
 * The reader must wait for a record that is not published yet, even if later records are. If the
 * thread that writes the record has ended, the reader skips and counts the record's slots.
 */
#include "drain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BEHIND   (RING_SLOTS / 8) /* number of newest slots, which drain_old() leaves in the ring */
#define PATIENCE 1000u            /* failed reads of a record before looking for its writer */

static void move_tail(struct drain *drain)
{
	drain->told = drain->tail;
	__atomic_store_n(&drain->ring->tail, drain->tail, __ATOMIC_RELEASE);
}

static const struct event *in_one_piece(struct drain *drain, uint64_t slots)
{
	static struct event copy[EVENT_MAX_PAYLOAD / EVENT_SLOT + 1];
	uint64_t at = drain->tail % RING_SLOTS;

	if (at + slots <= RING_SLOTS)
		return ring_slot(drain->ring, at);
	memcpy(copy, ring_slot(drain->ring, at), (RING_SLOTS - at) * EVENT_SLOT);
	memcpy(copy + (RING_SLOTS - at), ring_slot(drain->ring, 0),
		(slots - (RING_SLOTS - at)) * EVENT_SLOT);
	return copy;
}

static void clear(struct drain *drain, uint64_t slots)
{
	for (uint64_t i = 0; i < slots; i++)
		__atomic_store_n(ring_first_word(ring_slot(drain->ring, drain->tail + i)), 0,
			__ATOMIC_RELAXED);
	drain->tail += slots;
}

/*
 * Moves all records from the ring to the trace, up to this slot, or to the first unpublished
 * record.
 */
static void drain_until(struct drain *drain, uint64_t end)
{
	struct event event;

	while (!drain->error && drain->tail < end && ring_peek(drain->ring, drain->tail, &event)) {
		uint64_t slots = event_slots(&event);
		if (event_has_payload(event.kind) && event.length > EVENT_MAX_PAYLOAD)
			slots = 1; /* not a valid record: trace_add() returns an error for it */
		int taken = trace_add(drain->trace, in_one_piece(drain, slots), slots);
		if (taken < 0) {
			drain->error = taken;
			break;
		}
		clear(drain, slots);
		if (drain->tail - drain->told > RING_SLOTS / 16)
			move_tail(drain);
	}
	move_tail(drain);
}

/* ---- unfinished records */

/*
 * Returns true if the thread has ended or is a zombie, and false if not or if that cannot be found
 * out.
 */
static bool is_gone(uint32_t thread)
{
	char path[64], text[256] = "";

	if (!thread || access("/proc/self/stat", R_OK))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/stat", thread);
	FILE *stat = fopen(path, "re");
	if (!stat)
		return true;
	size_t length = fread(text, 1, sizeof(text) - 1, stat);
	fclose(stat);
	const char *state = strrchr(text, ')');
	return !length || (state && (state[2] == 'Z' || state[2] == 'X'));
}

/*
 * Returns the claim (a writer's note of the slots that it took) for the slots at the ring's tail,
 * or NULL if their writer is not known. A writer may have been killed before it noted which slots
 * it took: return the claim of such a writer, unless a living writer is just taking slots.
 */
static struct ring_claim *owner_of_tail(struct drain *drain)
{
	struct ring_claim *unsure = NULL;

	for (unsigned i = 1; i < RING_CLAIMS; i++) {
		struct ring_claim *claim = &drain->ring->claims[i];
		uint64_t at = __atomic_load_n(&claim->at, __ATOMIC_ACQUIRE);
		if (!__atomic_load_n(&claim->slots, __ATOMIC_RELAXED))
			continue;
		if (at == drain->tail + 1)
			return claim;
		if (!at && !is_gone(claim->thread))
			return NULL;
		if (!at)
			unsure = claim;
	}
	return unsure;
}

/*
 * Skips the record at the tail if its writer has ended. Returns false if the writer may still
 * finish the record.
 */
static bool pass_over(struct drain *drain)
{
	uint64_t head = __atomic_load_n(&drain->ring->head, __ATOMIC_ACQUIRE);
	struct event event;

	if (drain->error || drain->tail >= head)
		return false;
	struct ring_claim *claim = owner_of_tail(drain);
	/* ring_peek() again: the writer may have published the record just before it ended */
	if (!claim || !is_gone(claim->thread) || ring_peek(drain->ring, drain->tail, &event))
		return false;
	uint64_t slots = claim->slots < head - drain->tail ? claim->slots : head - drain->tail;
	claim->slots = 0;
	clear(drain, slots);
	drain->lost += slots;
	return true;
}

/* True if many reads in a row have found no published record at the tail. */
static bool is_stuck(struct drain *drain)
{
	if (drain->stuck_at != drain->tail)
		drain->waits = 0;
	drain->stuck_at = drain->tail;
	return ++drain->waits % PATIENCE == 0;
}

/* ---- reading during the run, and after it */

void drain_old(struct drain *drain)
{
	uint64_t head = __atomic_load_n(&drain->ring->head, __ATOMIC_RELAXED);

	if (head - drain->tail <= 2 * BEHIND)
		return;
	drain_until(drain, head - BEHIND);
	if (drain->tail < head - BEHIND && is_stuck(drain) && pass_over(drain))
		drain_until(drain, head - BEHIND);
}

uint64_t drain_rest(struct drain *drain)
{
	do
		drain_until(drain, UINT64_MAX);
	while (pass_over(drain));
	return drain->lost + __atomic_load_n(&drain->ring->head, __ATOMIC_ACQUIRE) - drain->tail;
}
