/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.h - the ring buffer through which a running program sends its records to the tool
 *
 * One mapped file, shared by all processes of the run. Writers take slots with one atomic
 * addition, fill in the payload and the record, and store the first word, which holds the kind,
 * last, with release order. The only reader loads that word with acquire order, takes the record
 * out, clears its slots and moves the tail. A writer that finds no room waits until the tail
 * moves; it gives up if the reader has ended. A writer that is killed between taking its slots and
 * storing that word has left a claim, from which the reader knows the slots to pass over.
 *
 * Everything is inline because the recorder links with no library.
 */
#ifndef TRACE_RING_H
#define TRACE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/names.h"
#include "trace/probe.h"

#define RING_MAGIC UINT64_C(0x34676e6972746668) /* "hftring4" */
#define RING_SLOTS (1u << 17) /* 4 MiB: enough while the reader gets no CPU for a while */
#define RING_RESERVE                                                                               \
	(1u << 13) /* slots that all writers together may take beyond those that they saw free */

/* A file under test. Its number is its index in the table plus 1. */
struct ring_file {
	uint64_t device, inode;
	uint64_t size;    /* the largest size that was mapped, in bytes */
	uint64_t grown;   /* size that writing has given to this content (trace/names.h) */
	uint32_t content; /* number of its content; 0: the file's own number (trace/names.h) */
	uint32_t unused;
};

struct ring_directory {
	uint64_t device, inode;
};

/* The slots that a thread has claimed last. Only the thread itself changes this. */
struct ring_claim {
	_Alignas(64) uint64_t at; /* atomic; number of the first slot plus 1; 0: not known yet */
	uint32_t slots;           /* atomic; number of slots; 0: the thread has not claimed any */
	uint32_t thread;          /* atomic; the kernel's number of the thread; 0: not known */
};

#define RING_CLAIMS 1024u /* threads with higher numbers share claims[0], which nobody reads */

struct ring {
	uint64_t magic;
	int64_t start_seconds; /* start of the run: files created later are under test */
	uint32_t start_nanoseconds;
	int32_t reader;    /* process id of the tool */
	uint8_t all_files; /* not 0: also trace existing files outside of the directory files/ */
	uint8_t really;    /* not 0: flushes and syncs are really executed, too */
	uint8_t unused[6];
	uint32_t threads, stacks, objects; /* how many of each have a number; atomic */
	uint32_t attached;                 /* processes that loaded the recorder; atomic */
	uint32_t private_maps, other_maps; /* maps of files that are not recorded; atomic */
	uint32_t failed_maps;              /* maps of files under test that failed; atomic */
	uint32_t lock;                     /* protects `file_count` and `files`; 0: free */
	uint32_t file_count;               /* elements of `files`; atomic */
	struct ring_file files[EVENT_FILES];
	/* The watched directory has number 0; the others are in it. Inode 0: number not in use. */
	struct ring_directory directories[NAMES_DIRECTORIES];
	uint32_t directory_count; /* 0: no directory is watched */
	uint32_t unused_too;
	uint32_t names_lock; /* protects the members below, and keeps changes in order; 0: free */
	uint32_t name_count;
	char names[NAMES_MAX][NAMES_LENGTH];
	uint8_t name_directories[NAMES_MAX]; /* number of the directory of each name */
	char other_name[256];                /* name of the last file counted in `other_maps` */
	struct probe_board probes;           /* the recorder's questions, and the tool's answers */
	uint64_t namespace; /* inode of the pid namespace of the tool; 0: not known */
	struct ring_claim claims[RING_CLAIMS]; /* indexed by the number of the thread */
	_Alignas(4096) uint64_t head;          /* atomic; the next slot that a writer takes */
	_Alignas(4096) uint64_t tail;          /* atomic; the next slot that the reader reads */
	_Alignas(4096) struct event slots[RING_SLOTS];
};

static inline uint64_t *ring_first_word(struct event *slot)
{
	return (uint64_t *)(void *)slot;
}

/*
 * Reserves the next `slots` slots of the ring for the calling thread, and returns the number of the
 * first one. `claim` must be the thread's element of `claims`.
 */
static inline uint64_t ring_take(struct ring *ring, struct ring_claim *claim, uint32_t slots)
{
	__atomic_store_n(&claim->at, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&claim->slots, slots, __ATOMIC_RELAXED);
	uint64_t at = __atomic_fetch_add(&ring->head, slots, __ATOMIC_ACQ_REL);
	/* store `slots` again: a signal handler of this thread may have claimed slots meanwhile */
	__atomic_store_n(&claim->slots, slots, __ATOMIC_RELAXED);
	__atomic_store_n(&claim->at, at + 1, __ATOMIC_RELEASE);
	return at;
}

static inline struct ring_claim *ring_claim_of(struct ring *ring, unsigned thread)
{
	return &ring->claims[thread < RING_CLAIMS ? thread : 0];
}

/*
 * Stores the record in slot `at`, whose payload is already stored. `thread` is the writer's number
 * and replaces event->thread.
 */
static inline void ring_publish(
	struct ring *ring, uint64_t at, const struct event *event, unsigned thread)
{
	struct event *slot = &ring->slots[at % RING_SLOTS];
	uint64_t first = event->kind | (uint64_t)event->size << 8 | (uint64_t)thread << 16 |
			 (uint64_t)event->stack << 32;

	slot->place = event->place;
	slot->value = event->value;
	slot->length = event->length;
	/* Release: the reader sees the record and its payload once it sees the kind. */
	__atomic_store_n(ring_first_word(slot), first, __ATOMIC_RELEASE);
}

/*
 * Reads the record at the tail of the ring, without its payload. Returns false if no record has
 * been published there yet.
 */
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
