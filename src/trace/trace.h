/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.h - a recorded run: its events in order, its files, and the call stacks of its events
 *
 * A trace is an array of slots that only grows and never moves, so that pointers to events stay
 * valid. trace_add() checks every record before it is used.
 *
 * Errors: -EINVAL with an error message for a malformed record, -ENOMEM.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/missed.h"
#include "trace/names.h"
#include "trace/probe.h"
#include "trace/spill.h"

struct trace_file {
	char *name;    /* the name by which the program opened it */
	uint64_t size; /* the largest size that was mapped, in bytes */
	bool is_there;
	bool is_mirror; /* a pool on another machine */
};

struct trace_stack {
	uint32_t count;
	struct frame frames[EVENT_FRAMES];
};

/* One way in which the program acted that the recorder could not follow. */
struct trace_missed {
	uint64_t times;
	char *name; /* name of the first file or library with which it did so */
};

/* A directory, by the name under which it was first seen. */
struct trace_directory {
	char *name; /* NULL for the watched directory, and for numbers that are not in use */
	unsigned directory;
};

struct trace {
	struct event *slots; /* reserved address space; memory is only taken for slots in use */
	struct spill spill;  /* the older slots of a long trace are mapped from a file */
	uint64_t room;       /* slots that fit into the reserved address space */
	uint64_t count;      /* slots in use */
	uint64_t events;     /* number of records in these slots */
	uint64_t stores;     /* number of records of kinds EVENT_STORE to EVENT_COPY */
	uint64_t seen;       /* number of records of kind EVENT_SEEN */
	unsigned file_count; /* number of elements of `files`; file n is files[n - 1] */
	struct trace_file files[EVENT_FILES];
	uint32_t object_count; /* number of elements of `objects`; object n is objects[n - 1] */
	char **objects;
	uint32_t stack_count; /* number of elements of `stacks`; stack n is stacks[n - 1] */
	struct trace_stack *stacks;
	bool has_names; /* true: file number NAMES_FILE is a file of names (trace/names.h) */
	char *names[NAMES_MAX];
	uint8_t name_directories[NAMES_MAX]; /* number of the directory of each name */
	struct trace_directory directories[NAMES_DIRECTORIES];
	char *output; /* everything that the program wrote to standard output */
	uint64_t output_size;
	struct trace_missed missed[MISSED_WAYS];
	struct probe_report probes; /* the recorder's counts of probed instructions */
};

/*
 * Reserves address space for at most `slots` slots; memory is taken when they are used. Reserving
 * much is slow under emulators.
 */
int trace_init(struct trace *trace, uint64_t slots);
/* The maximum number of slots of a trace, for a run whose length is not known yet. */
#define TRACE_SLOTS_MANY (UINT64_C(1) << 30)
void trace_fini(struct trace *trace);

/*
 * Append a record with its payload, which are in slots[0] and the following slots; up to
 * `available` slots may be read. Returns the number of slots that the record takes, or an error.
 * The contents of records of files, objects, stacks and output are also entered in the trace's
 * tables.
 */
int trace_add(struct trace *trace, const struct event *slots, uint64_t available);

/* The first record, and the record after `event`; NULL at the end. */
const struct event *trace_first(const struct trace *trace);
const struct event *trace_next(const struct trace *trace, const struct event *event);

/* The index of the event's first slot in the trace, used as a measure of time. */
static inline uint64_t trace_index(const struct trace *trace, const struct event *event)
{
	return (uint64_t)(event - trace->slots);
}

/*
 * Tell where a reader is that does not use trace_first() and trace_next(), so that the trace can
 * release memory: trace_begin() when it begins at slot `from`, trace_pass() when it moves on from
 * slot `from` to slot `to`, and trace_turn() if it also moves backwards or in no order.
 */
static inline void trace_begin(const struct trace *trace, uint64_t from)
{
	spill_begin(&trace->spill, trace->slots, from * EVENT_SLOT);
}

static inline void trace_pass(const struct trace *trace, uint64_t from, uint64_t to)
{
	spill_pass(&trace->spill, trace->slots, from * EVENT_SLOT, to * EVENT_SLOT);
}

static inline void trace_turn(const struct trace *trace, uint64_t from, uint64_t to)
{
	spill_turn(&trace->spill, trace->slots, from * EVENT_SLOT, to * EVENT_SLOT);
}

/* The path of a name, relative to the watched directory, in new memory. NULL: not known. */
char *trace_name(const struct trace *trace, uint64_t number);

static inline const unsigned char *event_payload(const struct event *event)
{
	return (const unsigned char *)(event + 1);
}

/*
 * Save a trace, together with the content that its files had at the beginning of the run, and load
 * it again. `first[n - 1]` is mapped memory of files[n - 1].size bytes; trace_load() maps new
 * memory there, which trace_file_free() unmaps.
 */
int trace_save(const struct trace *trace, unsigned char *const *first, const char *path);
int trace_load(struct trace *trace, unsigned char **first, const char *path);
void trace_file_free(unsigned char *first, uint64_t size);

#endif
