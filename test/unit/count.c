/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.c - flushes, fences and copies of a trace are counted by call stack, needless ones
 * separately
 */
#include "trace/count.h"
#include "tap.h"

#define SIZE 8192

static struct trace trace;
static struct counts counts;

static void add(struct event event, const void *payload)
{
	struct event slots[64] = {event};

	if (payload)
		memcpy(slots + 1, payload, event.length);
	if (trace_add(&trace, slots, 64) < 1)
		bail("an event of kind %u is refused", event.kind);
}

/* Begins a trace of one file, with two call stacks. */
static void begin(void)
{
	struct frame frame = {1, 0, 0x123};

	trace_init(&trace, 1024);
	add((struct event){.kind = EVENT_FILE, .place = place_of(1, 0), .value = SIZE, .length = 4},
		"pool");
	for (unsigned i = 1; i <= 2; i++)
		add((struct event){.kind = EVENT_STACK, .value = i, .length = sizeof(frame)},
			&frame);
}

static void event(unsigned kind, unsigned thread, unsigned stack, uint64_t place, uint64_t length)
{
	static const unsigned char zeros[1024];

	add((struct event){.kind = (uint8_t)kind,
		    .thread = (uint16_t)thread,
		    .stack = stack,
		    .place = place_of(1, place),
		    .length = length},
		event_has_payload(kind) ? zeros : NULL);
}

static void count(void)
{
	counts_fini(&counts);
	if (count_trace(&trace, &counts))
		bail("the trace cannot be counted");
	trace_fini(&trace);
}

static void plain(void)
{
	begin();
	event(EVENT_STORE, 1, 1, 8, 8);
	event(EVENT_FLUSH, 1, 1, 0, 64);
	event(EVENT_FENCE, 1, 1, 0, 0);
	event(EVENT_COPY, 1, 2, 100, 200);
	event(EVENT_FLUSH, 1, 2, 64, 256);
	event(EVENT_FENCE, 1, 2, 0, 0);
	count();
	is_int(counts.stacks[1].flushes, 1,
		"a flush: is counted under the call stack that made it");
	is_int(counts.stacks[2].lines, 4,
		"a flush of four cache lines: four lines are counted under the flush's call stack");
	is_int(counts.stacks[2].copied, 200, "a copy: its bytes are counted under its call stack");
	is_int(counts.total.fences, 2,
		"the total of a trace: counts the fences of both call stacks");
	is_int(counts.total.redundant_flushes, 0, "flushes of changed lines: are not redundant");
	is_int(counts.total.clean_lines, 0,
		"flushes of changed lines: no line is counted as unchanged when it was flushed");
	is_int(counts.total.redundant_fences, 0, "fences after flushes: are not redundant");
	is_int(counts.unflushed, 0,
		"a trace that flushes all lines: no line is counted as unflushed");
	is_int(counts.threads, 1, "a trace of one thread: one thread is counted");
}

static void needless(void)
{
	begin();
	event(EVENT_FLUSH, 1, 1, 0, 64);
	event(EVENT_FENCE, 1, 1, 0, 0);
	count();
	is_int(counts.total.redundant_flushes, 1, "a flush of an unchanged line: is redundant");
	is_int(counts.total.redundant_fences, 1,
		"a fence after a redundant flush: is counted as redundant");

	begin();
	event(EVENT_STORE, 1, 1, 0, 8);
	event(EVENT_FLUSH, 1, 1, 0, 128);
	event(EVENT_FLUSH, 1, 2, 0, 64);
	event(EVENT_FENCE, 1, 1, 0, 0);
	event(EVENT_FENCE, 1, 2, 0, 0);
	count();
	is_int(counts.stacks[1].redundant_flushes, 0,
		"a flush of a changed and an unchanged line: is not redundant");
	is_int(counts.stacks[1].clean_lines, 1,
		"a flush of a changed and an unchanged line: the unchanged line is counted as clean");
	is_int(counts.stacks[2].redundant_flushes, 1,
		"a second flush by the same thread before its drain: is redundant");
	is_int(counts.stacks[1].redundant_fences, 0, "the first of two fences: is not redundant");
	is_int(counts.stacks[2].redundant_fences, 1, "the second of two fences: is redundant");

	begin();
	event(EVENT_STORE, 1, 1, 0, 8);
	event(EVENT_FLUSH, 1, 1, 0, 64);
	event(EVENT_STORE, 1, 1, 0, 8);
	event(EVENT_FLUSH, 1, 2, 0, 64);
	count();
	is_int(counts.total.redundant_flushes, 0,
		"a flush of a line that was stored to again: is not redundant");
}

static void threads(void)
{
	begin();
	event(EVENT_STORE, 1, 1, 0, 8);
	event(EVENT_FLUSH, 1, 1, 0, 64);
	event(EVENT_FLUSH, 2, 2, 0, 64);
	event(EVENT_FENCE, 2, 2, 0, 0);
	count();
	is_int(counts.stacks[2].redundant_flushes, 0,
		"a flush of a line that another thread has flushed and not drained: is not redundant");
	is_int(counts.stacks[2].redundant_fences, 0,
		"a fence after a flush of a line that another thread has not drained: is not redundant");

	begin();
	event(EVENT_STORE, 1, 1, 0, 8);
	event(EVENT_FLUSH, 1, 1, 0, 64);
	event(EVENT_FENCE, 1, 1, 0, 0);
	event(EVENT_FLUSH, 2, 2, 0, 64);
	event(EVENT_FENCE, 2, 2, 0, 0);
	count();
	is_int(counts.stacks[2].redundant_flushes, 1,
		"a flush of a line that another thread has flushed and drained: is redundant");
	is_int(counts.threads, 2, "a trace of two threads: two threads are counted");
}

static void others(void)
{
	begin();
	event(EVENT_STREAM, 1, 1, 0, 8);
	event(EVENT_FENCE, 1, 1, 0, 0);
	event(EVENT_STORE, 1, 1, 64, 8);
	event(EVENT_CLFLUSH, 1, 1, 64, 64);
	event(EVENT_FENCE, 1, 2, 0, 0);
	count();
	is_int(counts.stacks[1].redundant_fences, 0,
		"a fence after a streaming store: is not redundant");
	is_int(counts.stacks[1].streamed, 8,
		"a streaming store: its bytes are counted under its call stack");
	is_int(counts.stacks[1].copied, 0,
		"a streaming store: its bytes are not counted as bytes of a copy");
	is_int(counts.stacks[2].redundant_fences, 1,
		"a fence after CLFLUSH, which needs no fence: is redundant");

	begin();
	event(EVENT_SEEN, 1, 1, 0, 64);
	event(EVENT_STORE, 1, 1, 4096, 8);
	event(EVENT_SYNC, 1, 1, 0, 4096);
	event(EVENT_SYNC, 1, 2, 0, 4096);
	count();
	is_int(counts.stacks[1].idle_syncs, 0,
		"an msync of a changed page: is not counted as idle (nothing to write)");
	is_int(counts.stacks[2].idle_syncs, 1,
		"a second msync of an unchanged page: is counted as idle (nothing to write)");
	is_int(counts.unflushed, 1,
		"a changed line in a page without an msync: is counted as unflushed");

	begin();
	event(EVENT_FLUSH, 1, 99, 0, 64);
	count();
	is_int(counts.stacks[0].flushes, 1,
		"a flush whose call stack the trace lacks: is counted under the unknown call stack");
}

int main(void)
{
	plain();
	needless();
	threads();
	others();
	counts_fini(&counts);
	return tap_done();
}
