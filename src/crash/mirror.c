/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.c - make from a trace the trace that has only what happens on mirrors */
#include "crash/mirror.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "crash/table.h"

#define ATOM UINT64_C(8)

/* Numbers lanes in the order of their first use. */
struct lanes {
	struct table numbers; /* by file and lane */
	uint64_t count;
	/* for each file, the first event with EVENT_TOGETHER that no drain has completed yet */
	const struct event *waiting[EVENT_FILES];
};

bool mirror_is_there(const struct trace *trace)
{
	for (unsigned f = 0; f < trace->file_count; f++)
		if (trace->files[f].is_mirror)
			return true;
	return false;
}

/* The thread that stands for a lane of a mirror; 0: no memory. */
static uint16_t thread_of(struct lanes *lanes, unsigned file, uint64_t lane)
{
	uint64_t *number = table_add(&lanes->numbers, file * (EVENT_TOGETHER + 1) + lane);

	if (number && !*number && lanes->count < UINT16_MAX)
		*number = ++lanes->count;
	return number ? (uint16_t)*number : 0;
}

static int add(struct trace *mirrors, const struct event *event)
{
	int taken = trace_add(mirrors, event, event_slots(event));

	return taken < 0 ? taken : 0;
}

/* Adds what was sent, a word at a time, or a byte at a time if words may arrive torn. */
static int add_sent(struct trace *mirrors, const struct event *event, uint16_t thread)
{
	const unsigned char *bytes = event_payload(event);
	uint64_t atom = event->size == EVENT_SEND_RELAXED ? 1 : ATOM;
	int error = 0;

	for (uint64_t done = 0; done < event->length && !error;) {
		uint64_t left = event->length - done, word = atom - (event->place + done) % atom;
		struct event store = {.kind = EVENT_STREAM,
			.thread = thread,
			.stack = event->stack,
			.place = event->place + done,
			.length = left < word ? left : word};
		memcpy(&store.value, bytes + done, store.length);
		error = add(mirrors, &store);
		done += store.length;
	}
	return error;
}

static int add_drain(
	struct trace *mirrors, const struct event *event, uint16_t thread, uint8_t size)
{
	return add(mirrors, &(struct event){.kind = EVENT_FENCE,
				    .size = size,
				    .thread = thread,
				    .stack = event->stack,
				    .value = event->value});
}

/* Adds, between two fences, what was sent together (EVENT_TOGETHER) and waits for this drain. */
static int add_together(const struct trace *whole, struct trace *mirrors, struct lanes *lanes,
	const struct event *drain, uint16_t thread)
{
	unsigned file = place_file(drain->place);
	const struct event *event = lanes->waiting[file - 1];
	int error = event ? add_drain(mirrors, drain, thread, EVENT_FENCE_BEGIN) : 0;

	lanes->waiting[file - 1] = NULL;
	if (!event)
		return 0;
	for (; event != drain && !error; event = trace_next(whole, event))
		if (event->kind == EVENT_SEND && event->value == EVENT_TOGETHER &&
			place_file(event->place) == file)
			error = add_sent(mirrors, event, thread);
	return error ? error : add_drain(mirrors, drain, thread, EVENT_FENCE_END);
}

/* Adds a file to which later events may store. `slots`: the file's record, with its name. */
static int add_file(struct trace *mirrors, const struct event *slots)
{
	struct event copy[1 + EVENT_MAX_PAYLOAD / EVENT_SLOT];

	memcpy(copy, slots, event_slots(slots) * EVENT_SLOT);
	copy[0].size = 0;
	return add(mirrors, copy);
}

/* Adds an event of a lane. */
static int add_of_lane(const struct trace *whole, struct trace *mirrors, struct lanes *lanes,
	const struct event *event)
{
	bool is_sent = event->kind == EVENT_SEND;
	unsigned file = place_file(event->place);
	uint64_t lane = is_sent ? event->value : event->length;
	uint16_t thread = thread_of(lanes, file, lane);

	if (!thread)
		return err_set(-ENOMEM, "out of memory for the lanes of mirrors");
	if (!is_sent && lane == EVENT_TOGETHER)
		return add_together(whole, mirrors, lanes, event, thread);
	if (!is_sent)
		return add_drain(mirrors, event, thread, 0);
	if (lane != EVENT_TOGETHER)
		return add_sent(mirrors, event, thread);
	if (!lanes->waiting[file - 1])
		lanes->waiting[file - 1] = event;
	return 0;
}

static int add_event(const struct trace *whole, struct trace *mirrors, struct lanes *lanes,
	const struct event *event)
{
	switch (event->kind) {
	case EVENT_SEND:
	case EVENT_DRAIN:
		return add_of_lane(whole, mirrors, lanes, event);
	case EVENT_FILE:
		return add_file(mirrors, event);
	case EVENT_STACK:
	case EVENT_OBJECT:
	case EVENT_OUTPUT:
	case EVENT_MARK:
	case EVENT_PROBES:
	case EVENT_MISSED:
		return add(mirrors, event);
	default:
		return 0;
	}
}

int mirror_only(const struct trace *whole, struct trace *mirrors)
{
	struct lanes lanes = {0};
	/* a slot with sent bytes becomes at most one event for each byte */
	uint64_t most = whole->count * (EVENT_SLOT + 1);
	int error = trace_init(mirrors, most < TRACE_SLOTS_MANY ? most : TRACE_SLOTS_MANY);

	for (const struct event *event = trace_first(whole); event && !error;
		event = trace_next(whole, event))
		error = add_event(whole, mirrors, &lanes, event);
	for (unsigned f = 0; f < mirrors->file_count; f++)
		mirrors->files[f].is_mirror = whole->files[f].is_mirror;
	table_fini(&lanes.numbers);
	return error;
}
