/* SPDX-License-Identifier: BSD-3-Clause */
/* write.c - put records into the ring */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

TLS uint64_t seen_tail;

static uint64_t distance(uint64_t at)
{
	return at - seen_tail;
}

/* False: the tool has gone, and nobody will make room. */
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

void write_event(const struct event *event, const void *payload)
{
	struct event record = *event;
	uint64_t at = __atomic_fetch_add(&ring->head, event_slots(event), __ATOMIC_ACQ_REL);

	record.thread = (uint16_t)thread_number();
	if (unlikely(distance(at) > RING_SLOTS - RING_RESERVE) && !wait_for_room(at))
		return;
	if (payload)
		write_payload(at + 1, payload, event->length);
	ring_publish(ring, at, &record);
}
