/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.h - a run that was recorded: its events in order, its files, and where the calls stand
 *
 * In memory it is an array of slots, which only grows, in chunks that do not move: events may be
 * pointed at. What was read from elsewhere is checked by trace_add() before it is believed.
 *
 * Errors: -EINVAL with a sentence for a record that is not well formed, -ENOMEM.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/names.h"
#include "trace/probe.h"

struct trace_file {
	char *name;    /* as the program opened it */
	uint64_t size; /* the largest that was mapped */
	bool is_there;
};

struct trace_stack {
	uint32_t count;
	struct frame frames[EVENT_FRAMES];
};

struct trace {
	struct event *slots; /* address space for all that may come; memory for what has */
	uint64_t room;       /* slots that there may be */
	uint64_t count;      /* slots in use */
	uint64_t events;     /* records in them */
	unsigned file_count; /* files are numbered from 1 on: files[n - 1] */
	struct trace_file files[EVENT_FILES];
	uint32_t object_count; /* objects[n - 1] */
	char **objects;
	uint32_t stack_count; /* stacks[n - 1] */
	struct trace_stack *stacks;
	bool has_names; /* file NAMES_FILE is that of names */
	char *names[NAMES_MAX];
	char *output; /* of the program, all of it */
	uint64_t output_size;
	struct probe_report probes; /* of raw instructions */
};

/*
 * Reserves address space for at most so many slots; memory is taken when they are used.
 * Emulators are slow to reserve much.
 */
int trace_init(struct trace *trace, uint64_t slots);
#define TRACE_SLOTS_MANY (UINT64_C(1) << 30) /* for a run: nobody knows yet */
void trace_fini(struct trace *trace);

/*
 * Append a record with its payload, `slots[0]` and the following; `available` slots may be read.
 * Returns the number of slots taken, or an error. Records of files, objects, stacks and
 * output fill in the tables, besides being kept.
 */
int trace_add(struct trace *trace, const struct event *slots, uint64_t available);

/* The first record, and the next one; NULL at the end. */
const struct event *trace_first(const struct trace *trace);
const struct event *trace_next(const struct trace *trace, const struct event *event);

/* Its number in the trace: a measure of time. */
static inline uint64_t trace_index(const struct trace *trace, const struct event *event)
{
	return (uint64_t)(event - trace->slots);
}

static inline const unsigned char *event_payload(const struct event *event)
{
	return (const unsigned char *)(event + 1);
}

/*
 * Save it, with the first content of its files, and load it again. `first[n - 1]` is mapped memory
 * of files[n - 1].size bytes; after a load it is new memory that trace_file_free() gives back.
 */
int trace_save(const struct trace *trace, unsigned char *const *first, const char *path);
int trace_load(struct trace *trace, unsigned char **first, const char *path);
void trace_file_free(unsigned char *first, uint64_t size);

#endif
