/* SPDX-License-Identifier: BSD-3-Clause */
/* write.c - put records into the ring, the memory that the program shares with the tool */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define AHEAD 16 /* how many slots ahead of the current one a slot is prefetched */

TLS uint64_t seen_tail;

static uint64_t distance(uint64_t at)
{
	return at - seen_tail;
}

/*
 * Waits for room in the ring. Returns false if the tool has ended, so that nobody will make room.
 */
static NOINLINE bool wait_for_room(uint64_t at)
{
	for (unsigned tries = 0;; tries++) {
		seen_tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		if (distance(at) <= RING_SLOTS - RING_RESERVE)
			return true;
		if (tries % 1024 == 1023 && syscall(SYS_kill, ring->reader, 0))
			return false;
		syscall(SYS_sched_yield);
	}
}

static void write_payload(uint64_t at, const void *payload, size_t length)
{
	size_t room = (RING_SLOTS - at % RING_SLOTS) * EVENT_SLOT;

	if (length <= room) {
		real_memmove(ring_slot(ring, at), payload, length);
		return;
	}
	real_memmove(ring_slot(ring, at), payload, room);
	real_memmove(ring_slot(ring, 0), (const char *)payload + room, length - room);
}

/*
 * Reserves `slots` slots of the ring and sets *at to the first one. Does not copy the event with
 * wide loads: its words have just been stored one by one, and a wider load would have to wait for
 * these stores.
 */
static ALWAYS_INLINE bool reserve(unsigned thread, uint64_t slots, uint64_t *at)
{
	*at = ring_take(ring, ring_claim_of(ring, thread), (uint32_t)slots);
	/*
	 * The tool has read these cache lines since they were used last, so they are in the cache
	 * of its CPU: fetch them before they are needed.
	 */
	__asm__ volatile("prefetchw %0" : : "m"(*ring_slot(ring, *at + AHEAD)));
	return likely(distance(*at) <= RING_SLOTS - RING_RESERVE) || wait_for_room(*at);
}

void write_event(const struct event *event, const void *payload)
{
	unsigned thread = thread_number();
	uint64_t at;

	if (!reserve(thread, event_slots(event), &at))
		return;
	if (payload)
		write_payload(at + 1, payload, event->length);
	ring_publish(ring, at, event, thread);
}

void write_pair(const struct event *first, const struct event *second)
{
	unsigned thread = thread_number();
	uint64_t at;

	if (!reserve(thread, 2, &at))
		return;
	ring_publish(ring, at, first, thread);
	ring_publish(ring, at + 1, second, thread);
}

/*
 * Reserves the slots for all three records in one step, because each atomic addition waits for all
 * older stores, and stores to the ring are slow.
 */
void write_three(const struct event *seen, const uint64_t *line, const struct event *first,
	const struct event *second)
{
	unsigned thread = thread_number();
	uint64_t slots = 1 + EVENT_LINE / EVENT_SLOT, at;

	if (!reserve(thread, slots + 2, &at))
		return;
	for (unsigned i = 0; i < EVENT_LINE / 8; i++) {
		uint64_t *slot = (uint64_t *)(void *)ring_slot(ring, at + 1 + i / 4);
		slot[i % 4] = line[i];
	}
	ring_publish(ring, at, seen, thread);
	ring_publish(ring, at + slots, first, thread);
	ring_publish(ring, at + slots + 1, second, thread);
}

void tell_missed(enum missed way, const char *name)
{
	size_t length = strlen(name);

	write_event(&(struct event){.kind = EVENT_MISSED,
			    .value = way,
			    .length = length < EVENT_MAX_NAME ? length : EVENT_MAX_NAME},
		name);
}
