/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * event.h - what a program did to mapped files, as records in slots of 32 bytes
 *
 * A record is a struct event; some kinds are followed by payload, in the next slots. A place
 * names a byte of a file: the file's number in the upper 16 bits, the offset below. Events are
 * keyed by file and offset, because programs map the same bytes more than once.
 */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_NONE,    /* not written yet */
	EVENT_STORE,   /* `length` bytes, at most 8, at `place`; their value */
	EVENT_ATOMIC,  /* the same by one access; length 0: to memory that is not traced */
	EVENT_STREAM,  /* the same around the caches */
	EVENT_GROUP,   /* `length` bytes, in no order; payload */
	EVENT_COPY,    /* the same by a call, which compared these lines first; size 1: goes on */
	EVENT_SEEN,    /* a line that was found to differ from its shadow; payload: all of it */
	EVENT_FLUSH,   /* whole lines from `place` on */
	EVENT_CLFLUSH, /* the same, and not to be waited for */
	EVENT_FENCE,   /* value: bytes written to standard output until now; size 1: orders only */
	EVENT_SYNC,    /* msync and kin: these bytes are durable; value as above */
	EVENT_MARK,    /* value: number of the operation; size: 0 begins, 1 ends */
	EVENT_FILE,   /* file in `place`; value: its size when first mapped; payload: its name; size
			  1: it has the names of others (trace/names.h) */
	EVENT_STACK,  /* value: number of the stack; payload: a struct frame each */
	EVENT_OBJECT, /* value: number of the program or library; payload: its path */
	EVENT_OUTPUT, /* payload: what the program wrote to standard output, in order */
	/*
	 * Names and sizes, in a file that has words for them (struct name_change). `place`: one of
	 * its pages, in which all of this is; value: the file that it is of; size 1: its size, not
	 * a name.
	 */
	EVENT_NAMES,      /* payload: changes, which come together */
	EVENT_NAME,       /* value: number of a name; payload: the name */
	EVENT_NAMES_SYNC, /* a file was synced; value: which; 0: the directory */
	EVENT_PROBES,     /* payload: a struct probe_report of trace/probe.h */
	EVENT_KINDS,
};

/* A word of the event's page gets a value. */
struct name_change {
	uint64_t word, value;
};

struct event {
	uint8_t kind, size;
	uint16_t thread; /* from 1 on, over all processes */
	uint32_t stack;  /* 0: not known */
	uint64_t place;
	uint64_t value;
	uint64_t length; /* in bytes; of the payload where there is one */
};

/* A return address, or the place of the call itself. */
struct frame {
	uint32_t object; /* 0: not known */
	uint32_t unused;
	uint64_t offset; /* as in the object's file, for addr2line(1) */
};

#define EVENT_SLOT        32u
#define EVENT_LINE        64u
#define EVENT_PAGE        4096u
#define EVENT_FRAMES      16u
#define EVENT_MAX_PAYLOAD (1u << 16)
#define EVENT_FILES       64u
#define EVENT_CHANGES     8u /* at most, in one EVENT_NAMES */

_Static_assert(sizeof(struct event) == EVENT_SLOT, "a record is a slot");

static inline uint64_t place_of(unsigned file, uint64_t offset)
{
	return (uint64_t)file << 48 | offset;
}

static inline unsigned place_file(uint64_t place)
{
	return (unsigned)(place >> 48);
}

static inline uint64_t place_offset(uint64_t place)
{
	return place & ((UINT64_C(1) << 48) - 1);
}

static inline int event_has_payload(unsigned kind)
{
	return kind == EVENT_GROUP || kind == EVENT_COPY || kind == EVENT_SEEN ||
	       kind == EVENT_FILE || kind == EVENT_STACK || kind == EVENT_OBJECT ||
	       kind == EVENT_OUTPUT || kind == EVENT_NAMES || kind == EVENT_NAME ||
	       kind == EVENT_PROBES;
}

/* How many slots the record takes, its payload included. */
static inline uint64_t event_slots(const struct event *event)
{
	return event_has_payload(event->kind) ? 1 + (event->length + EVENT_SLOT - 1) / EVENT_SLOT
					      : 1;
}

#endif
