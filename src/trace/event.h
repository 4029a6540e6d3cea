/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * event.h - events: what a program did to mapped files, as records in slots of 32 bytes
 *
 * A record is a struct event; some kinds are followed by payload, in the next slots. A place
 * names a byte of a file: the file's number in the upper 16 bits, the offset below. Events are
 * keyed by file and offset, because programs map the same bytes more than once.
 */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <stdint.h>

enum event_kind {
	EVENT_NONE,    /* the slot is not written yet */
	EVENT_STORE,   /* `length` bytes, at most 8, are stored at `place`; value: the bytes */
	EVENT_ATOMIC,  /* an atomic STORE; outside of traced files, length and place are 0 */
	EVENT_STREAM,  /* a STORE around the caches (non-temporal) */
	EVENT_GROUP,   /* `length` bytes, stored in no particular order; payload: the bytes */
	EVENT_COPY,    /* a GROUP stored by a copying call, before which the recorder compared the
			  lines with its copy of them; size 1: a further part of the same copy */
	EVENT_SEEN,    /* a line that differs from the recorder's copy; payload: its 64 bytes */
	EVENT_FLUSH,   /* `length` bytes, whole lines, are flushed from `place` on */
	EVENT_CLFLUSH, /* a FLUSH by CLFLUSH, which needs no fence */
	EVENT_FENCE,   /* value: bytes of standard output so far; size 1: the fence only orders
			  stores; 2 and 3: EVENT_FENCE_BEGIN and EVENT_FENCE_END below */
	EVENT_SYNC,    /* msync or a similar call made these bytes durable; value as for FENCE */
	EVENT_MARK,    /* an operation begins (size 0) or ends (size 1); value: its number */
	EVENT_FILE,    /* the file in `place`; value: its size when first mapped; payload: its name;
			  size 1: it is the file of names (trace/names.h), 2: a mirror */
	EVENT_STACK,   /* value: number of a call stack; payload: a struct frame for each call */
	EVENT_OBJECT,  /* value: number of the program or library; payload: its path */
	EVENT_OUTPUT,  /* payload: what the program wrote to standard output, in order */
	/*
	 * Changes of names and sizes, recorded as stores to words of the file of names
	 * (trace/names.h). `place`: the page of that file which holds all these words; value: the
	 * number of the file concerned; size 1: its size changes, not a name.
	 */
	EVENT_NAMES,      /* payload: changes that become durable together */
	EVENT_NAME,       /* value: number of a name; place: its directory; payload: the name */
	EVENT_NAMES_SYNC, /* value: number of the file that was synced; 0: the watched directory;
			     NAMES_DIRECTORY and more: another directory */
	EVENT_PROBES,     /* payload: a struct probe_report of trace/probe.h */
	EVENT_MISSED,     /* value: enum missed of trace/missed.h; payload: the name of a file */
	EVENT_DIRECTORY,  /* value: number of a directory; place: number of the directory that
			     contained it when it was first seen; payload: its name there */
	/*
	 * A mirror is a pool on another machine, opened with librpmem. The trace lists the mirror
	 * among its files. No other events than these two tell of stores to it.
	 */
	EVENT_SEND,  /* payload: bytes that are sent to `place` of a mirror; value: the lane;
			size 1: sent as RELAXED, so that words of 8 bytes may arrive torn */
	EVENT_DRAIN, /* all that was sent on lane `length` of the mirror in `place` is durable
			there; value as for FENCE */
	EVENT_KINDS,
};

/* Values of `size` in an EVENT_FILE. */
#define EVENT_FILE_NAMES  1u
#define EVENT_FILE_MIRROR 2u

/* Value of `size` in an EVENT_SEND. */
#define EVENT_SEND_RELAXED 1u

/*
 * Values of `size` in an EVENT_FENCE: a crash leaves all streaming stores between these two fences
 * of a thread, or none. No other events are in between.
 */
#define EVENT_FENCE_BEGIN 2u
#define EVENT_FENCE_END   3u

/* A change of a name or size: the value that a word of the page at the event's `place` gets. */
struct name_change {
	uint64_t word, value;
};

struct event {
	uint8_t kind, size;
	uint16_t thread; /* number of the thread, from 1 on, unique over all processes */
	uint32_t stack;  /* number of the call stack; 0: not known */
	uint64_t place;
	uint64_t value;
	uint64_t length; /* in bytes; if there is a payload, this is its length */
};

/* One call in a call stack: a return address, or the address of the recorded call itself. */
struct frame {
	uint32_t object; /* number of the program or library; 0: not known */
	uint32_t unused;
	uint64_t offset; /* offset in the object's file, as addr2line(1) expects it */
};

#define EVENT_SLOT        32u
#define EVENT_LINE        64u
#define EVENT_PAGE        4096u
#define EVENT_FRAMES      16u
#define EVENT_MAX_PAYLOAD (1u << 16)
#define EVENT_MAX_NAME    4096u /* bytes of the name in an EVENT_MISSED */
#define EVENT_FILES       64u
#define EVENT_LANES       1024u       /* maximum number of lanes of a mirror */
#define EVENT_TOGETHER    EVENT_LANES /* in place of a lane's number: all bytes arrive at once */
#define EVENT_CHANGES     8u          /* maximum number of changes in one EVENT_NAMES */

_Static_assert(sizeof(struct event) == EVENT_SLOT, "a record is as large as a slot");

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
	       kind == EVENT_PROBES || kind == EVENT_MISSED || kind == EVENT_DIRECTORY ||
	       kind == EVENT_SEND;
}

/* The number of slots that the record takes, its payload included. */
static inline uint64_t event_slots(const struct event *event)
{
	return event_has_payload(event->kind) ? 1 + (event->length + EVENT_SLOT - 1) / EVENT_SLOT
					      : 1;
}

#endif
