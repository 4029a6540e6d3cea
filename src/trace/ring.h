/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.h - how records travel from a program to the tool that records it, while it runs
 *
 * One mapped file, shared by all processes of the run. Writers take slots with one atomic addition,
 * fill in the payload and the record, and store the first word, which holds the kind, last, with
 * release order. The only reader acquires it, takes the record out, clears its slots and moves the
 * tail. A writer that finds no room waits for the tail; it gives up when the reader has gone.
 *
 * Everything is inline because the recorder links with nothing.
 */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/names.h"
#include "trace/probe.h"

#define RING_MAGIC UINT64_C(0x32676e6972746668) /* "hftring2" */
#define RING_SLOTS (1u << 17) /* 4 MiB: so long may the reader be kept from the CPU */
#define RING_RESERVE                                                                               \
	(1u << 13) /* slots that writers in flight may take beyond what they saw free */

/* A file under test. Its number is its place in the table plus 1. */
struct ring_file {
	uint64_t device, inode;
	uint64_t size;    /* the largest that was mapped */
	uint64_t grown;   /* how far writing has grown this content; names */
	uint32_t content; /* 0: that of the same number; names */
	uint32_t unused;
};

struct ring {
	uint64_t magic;
	int64_t start_seconds; /* files born later belong to the run */
	uint32_t start_nanoseconds;
	int32_t reader;    /* the tool's process */
	uint8_t all_files; /* also those that are not below files/ and were there before */
	uint8_t really;    /* flushes and syncs are executed, too */
	uint8_t unused[6];
	uint32_t threads, stacks, objects; /* numbers given away; atomic */
	uint32_t attached;                 /* processes that loaded the recorder; atomic */
	uint32_t private_maps, other_maps; /* of files, not recorded; atomic */
	uint32_t failed_maps;              /* under test, and could not be recorded; atomic */
	uint32_t lock;                     /* of `file_count` and `files`; 0 is free */
	uint32_t file_count;               /* atomic */
	struct ring_file files[EVENT_FILES];
	uint64_t watch_device, watch_inode; /* the directory that is watched, or 0 */
	uint32_t names_lock; /* of what follows, and of the order of changes; 0 is free */
	uint32_t name_count;
	char names[NAMES_MAX][NAMES_LENGTH];
	char other_name[256];         /* the last of the other maps */
	struct probe_board probes;    /* of raw instructions */
	_Alignas(4096) uint64_t head; /* atomic; the next slot that a writer takes */
	_Alignas(4096) uint64_t tail; /* atomic; the next slot that the reader reads */
	_Alignas(4096) struct event slots[RING_SLOTS];
};

static inline uint64_t *ring_first_word(struct event *slot)
{
	return (uint64_t *)(void *)slot;
}

/* Store the record at slot `at`, after its payload. `thread` is the writer's, not event->thread. */
static inline void ring_publish(
	struct ring *ring, uint64_t at, const struct event *event, unsigned thread)
{
	struct event *slot = &ring->slots[at % RING_SLOTS];
	uint64_t first = event->kind | (uint64_t)event->size << 8 | (uint64_t)thread << 16 |
			 (uint64_t)event->stack << 32;

	slot->place = event->place;
	slot->value = event->value;
	slot->length = event->length;
	/* Orders the record and its payload before the kind, for the reader. */
	__atomic_store_n(ring_first_word(slot), first, __ATOMIC_RELEASE);
}

/* The record at the tail, without its payload. False: nothing has been published there yet. */
static inline bool ring_peek(struct ring *ring, uint64_t tail, struct event *event)
{
	struct event *slot = &ring->slots[tail % RING_SLOTS];
	uint64_t first = __atomic_load_n(ring_first_word(slot), __ATOMIC_ACQUIRE);

	if (!(first & 0xff))
		return false;
	*event = *slot;
	return true;
}

static inline struct event *ring_slot(struct ring *ring, uint64_t at)
{
	return &ring->slots[at % RING_SLOTS];
}

#endif
