/* SPDX-License-Identifier: BSD-3-Clause */
/* count.c - counts the flushes, fences and copies of a trace for each call stack */
#include "trace/count.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/unmap.h"

#define THREADS 65536u

/*
 * The state of a cache line. 0: the line was neither changed nor flushed yet. CHANGED: it was
 * changed. Else the number of the thread that flushed it last, and the number of fences that this
 * thread had executed until then.
 */
#define CHANGED UINT64_MAX
#define LISTED  (UINT64_C(1) << 47) /* a bit of the state: the line is in `list` */
#define FENCES  (LISTED - 1)

struct lines {
	uint64_t *states, count;
	/*
	 * Lines that may be changed, each listed once: a sync and the end of the trace look at
	 * these only.
	 */
	uint64_t *list, listed, room;
};

struct counter {
	const struct trace *trace;
	struct counts *counts;
	struct lines lines[EVENT_FILES];
	uint64_t *fences; /* fences that each thread has executed */
	bool *is_pending; /* true: the thread has flushed or streamed since its last fence */
};

void count_add(struct count *sum, const struct count *count)
{
	uint64_t *to = (uint64_t *)(void *)sum;
	const uint64_t *from = (const uint64_t *)(const void *)count;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static struct count *count_of(struct counter *counter, const struct event *event)
{
	uint32_t stack = event->stack < counter->counts->stack_count ? event->stack : 0;

	return &counter->counts->stacks[stack];
}

/* ---- the state of lines */

static bool is_changed(uint64_t state)
{
	return (state | LISTED) == CHANGED;
}

/*
 * True if the line has been flushed, and the thread that flushed it has not executed a fence since
 * then.
 */
static bool is_on_its_way(const struct counter *counter, uint64_t state)
{
	uint64_t thread = state >> 48;

	return thread && !is_changed(state) && counter->fences[thread] == (state & FENCES);
}

static int list_line(struct lines *lines, uint64_t line)
{
	if (lines->listed == lines->room) {
		uint64_t room = lines->room ? 2 * lines->room : 1024;
		uint64_t *grown = realloc(lines->list, room * sizeof(*grown));
		if (!grown)
			return err_set(
				-ENOMEM, "out of memory for the list of changed cache lines");
		lines->list = grown;
		lines->room = room;
	}
	lines->list[lines->listed++] = line;
	return 0;
}

/* The lines that an event covers. trace_add() has checked that they lie inside the file. */
static struct lines *lines_of(
	struct counter *counter, const struct event *event, uint64_t *from, uint64_t *to)
{
	struct lines *lines = &counter->lines[place_file(event->place) - 1];
	uint64_t offset = place_offset(event->place);

	*from = offset / EVENT_LINE;
	*to = (offset + event->length + EVENT_LINE - 1) / EVENT_LINE;
	if (*to > lines->count)
		*to = lines->count;
	return lines;
}

static int change(struct counter *counter, const struct event *event)
{
	uint64_t line, to;
	struct lines *lines = lines_of(counter, event, &line, &to);

	for (; line < to; line++) {
		bool is_new = !(lines->states[line] & LISTED);
		int error = is_new ? list_line(lines, line) : 0;
		if (error)
			return error;
		lines->states[line] = CHANGED;
	}
	return 0;
}

/*
 * Sets the state of all lines of the event to `state`. Returns the number of lines whose flush was
 * redundant.
 */
static uint64_t flush_lines(struct counter *counter, const struct event *event, uint64_t state)
{
	uint64_t line, to, clean = 0;
	struct lines *lines = lines_of(counter, event, &line, &to);

	for (; line < to; line++) {
		uint64_t was = lines->states[line];
		bool others = is_on_its_way(counter, was) && was >> 48 != event->thread;
		if (is_changed(was) || others)
			lines->states[line] = (was & LISTED) | state;
		else
			clean++;
	}
	return clean;
}

static uint64_t sync_lines(struct counter *counter, const struct event *event)
{
	uint64_t from, to, kept = 0, changed = 0;
	struct lines *lines = lines_of(counter, event, &from, &to);

	for (uint64_t i = 0; i < lines->listed; i++) {
		uint64_t line = lines->list[i], *state = &lines->states[line];
		bool is_inside = from <= line && line < to;
		bool waits = is_changed(*state) || is_on_its_way(counter, *state);
		changed += is_inside && waits;
		if (waits && !is_inside)
			lines->list[kept++] = line;
		else
			*state = 0;
	}
	lines->listed = kept;
	return changed;
}

/* ---- events */

static void count_flush(struct counter *counter, const struct event *event)
{
	struct count *count = count_of(counter, event);
	bool waits = event->kind == EVENT_FLUSH;
	uint64_t state = (uint64_t)event->thread << 48 | (counter->fences[event->thread] & FENCES);
	uint64_t lines = event->length / EVENT_LINE;
	uint64_t clean = flush_lines(counter, event, waits ? state : 0);

	count->flushes++;
	count->lines += lines;
	count->clean_lines += clean;
	count->redundant_flushes += clean == lines;
	if (waits && clean < lines)
		counter->is_pending[event->thread] = true;
}

static void count_fence(struct counter *counter, const struct event *event)
{
	struct count *count = count_of(counter, event);

	count->fences++;
	count->redundant_fences += !counter->is_pending[event->thread];
	counter->is_pending[event->thread] = false;
	counter->fences[event->thread]++;
}

static void count_sync(struct counter *counter, const struct event *event)
{
	struct count *count = count_of(counter, event);

	count->syncs++;
	count->idle_syncs += !sync_lines(counter, event);
}

static int count_event(struct counter *counter, const struct event *event)
{
	switch (event->kind) {
	case EVENT_FLUSH:
	case EVENT_CLFLUSH:
		count_flush(counter, event);
		return 0;
	case EVENT_FENCE:
		if (!event->size) /* a fence event of size 1 only orders stores */
			count_fence(counter, event);
		return 0;
	case EVENT_SYNC:
		count_sync(counter, event);
		return 0;
	case EVENT_STREAM:
		count_of(counter, event)->streamed += event->length;
		counter->is_pending[event->thread] = true;
		return 0;
	case EVENT_COPY:
		count_of(counter, event)->copied += event->length;
		return change(counter, event);
	case EVENT_STORE:
	case EVENT_ATOMIC:
	case EVENT_GROUP:
	case EVENT_SEEN:
		return event->length ? change(counter, event) : 0;
	default:
		return 0;
	}
}

/* ---- counting a whole trace */

static int make(struct counter *counter, const struct trace *trace)
{
	counter->trace = trace;
	counter->fences = calloc(THREADS, sizeof(*counter->fences));
	counter->is_pending = calloc(THREADS, sizeof(*counter->is_pending));
	counter->counts->stack_count = trace->stack_count + 1;
	counter->counts->stacks = calloc(counter->counts->stack_count, sizeof(struct count));
	if (!counter->fences || !counter->is_pending || !counter->counts->stacks)
		return err_set(-ENOMEM, "out of memory for counts");
	for (unsigned f = 0; f < trace->file_count; f++) {
		struct lines *lines = &counter->lines[f];
		/* Count the last page as a whole page, because it is mapped as one. */
		uint64_t count = (trace->files[f].size + 4095) / 4096 * (4096 / EVENT_LINE);
		if (!count)
			continue;
		/* An untouched page of this mapping takes no memory. */
		lines->states = mmap(NULL, count * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (lines->states == MAP_FAILED) {
			lines->states = NULL;
			return err_set(
				-ENOMEM, "out of memory for the states of a file's cache lines");
		}
		lines->count = count;
	}
	return 0;
}

static void finish(struct counter *counter)
{
	struct counts *counts = counter->counts;

	for (uint32_t i = 0; i < counts->stack_count; i++)
		count_add(&counts->total, &counts->stacks[i]);
	for (unsigned f = 0; f < counter->trace->file_count; f++) {
		const struct lines *lines = &counter->lines[f];
		for (uint64_t i = 0; i < lines->listed; i++)
			counts->unflushed += is_changed(lines->states[lines->list[i]]);
	}
}

static void forget(struct counter *counter)
{
	for (unsigned f = 0; f < EVENT_FILES; f++) {
		unmap(counter->lines[f].states, counter->lines[f].count * sizeof(uint64_t));
		free(counter->lines[f].list);
	}
	free(counter->fences);
	free(counter->is_pending);
}

int count_trace(const struct trace *trace, struct counts *counts)
{
	struct counter counter = {.counts = counts};

	*counts = (struct counts){0};
	int error = make(&counter, trace);
	for (const struct event *event = trace_first(trace); event && !error;
		event = trace_next(trace, event)) {
		if (event->thread > counts->threads)
			counts->threads = event->thread;
		error = count_event(&counter, event);
	}
	if (!error)
		finish(&counter);
	forget(&counter);
	if (error)
		counts_fini(counts);
	return error;
}

void counts_fini(struct counts *counts)
{
	free(counts->stacks);
	*counts = (struct counts){0};
}
