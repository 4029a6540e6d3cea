/* SPDX-License-Identifier: BSD-3-Clause */
/* history.c - rules R1, R5, R6 and R8 */
#include "crash/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ATOM 8u

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context)
{
	*history = (struct history){.trace = trace,
		.unseen = unseen,
		.base = base,
		.settled = settled,
		.context = context};
}

static void unit_free(struct unit *unit)
{
	free(unit->elements);
	free(unit);
}

void history_fini(struct history *history)
{
	for (uint32_t i = 0; i < history->count; i++)
		unit_free(history->pending[i]);
	free(history->pending);
	for (size_t i = 0; i < history->threads.size; i++) {
		struct flights *flights = (struct flights *)history->threads.cells[i].value;
		if (history->threads.cells[i].key && flights) {
			free(flights->list);
			free(flights);
		}
	}
	table_fini(&history->units);
	table_fini(&history->threads);
	table_fini(&history->stacks);
}

static int no_memory(void)
{
	return err_set(-ENOMEM, "no memory for the stores that are pending");
}

unsigned char *history_line(const struct history *history, uint64_t place)
{
	return history->base[place_file(place) - 1] + place_offset(place);
}

/* ---- lines */

static struct unit *find_unit(const struct history *history, uint64_t line)
{
	uint64_t *found = table_find(&history->units, line + 1);

	return found ? (struct unit *)*found : NULL;
}

static struct unit *new_unit(struct history *history, uint64_t line)
{
	if (history->count == history->capacity) {
		uint32_t capacity = history->capacity ? history->capacity * 2 : 256;
		struct unit **grown = realloc(history->pending, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		history->pending = grown;
		history->capacity = capacity;
	}
	uint64_t *found = table_add(&history->units, line + 1);
	struct unit *unit = found ? calloc(1, sizeof(*unit)) : NULL;
	if (!unit)
		return NULL;
	*found = (uint64_t)(uintptr_t)unit;
	unit->place = line * EVENT_LINE;
	unit->slot = history->count;
	history->pending[history->count++] = unit;
	return unit;
}

static void drop_unit(struct history *history, struct unit *unit)
{
	struct unit *last = history->pending[--history->count];

	history->pending[unit->slot] = last;
	last->slot = unit->slot;
	table_remove(&history->units, unit->place / EVENT_LINE + 1);
	unit_free(unit);
}

/* ---- the set of stacks */

static bool count_stack(struct history *history, uint32_t stack, bool more)
{
	uint64_t *count = table_add(&history->stacks, stack + 1);

	if (!count)
		return false;
	if (more ? !(*count)++ : !--*count)
		history->stack_sum += more ? mix(stack + 1) : -mix(stack + 1);
	return true;
}

/* ---- stores */

static bool add_element(struct history *history, struct unit *unit, const struct event *event,
	uint64_t place, unsigned length, unsigned flags, const unsigned char *data)
{
	struct element element = {.at = trace_index(history->trace, event),
		.data = data,
		.stack = event->stack,
		.group = unit->groups,
		.thread = event->thread,
		.offset = (uint8_t)(place % EVENT_LINE),
		.length = (uint8_t)length,
		.flags = (uint8_t)flags};

	return unit_add(unit, &element) && count_stack(history, event->stack, true);
}

static unsigned smaller(uint64_t a, uint64_t b)
{
	return (unsigned)(a < b ? a : b);
}

/* The part of the event that went to one line: [from, to) of its bytes. */
static int store_to_line(struct history *history, const struct event *event, uint64_t line,
	uint64_t from, uint64_t to, const unsigned char *data, bool is_whole)
{
	unsigned flags = event->kind == EVENT_STREAM ? ELEMENT_STREAM
			 : event->kind == EVENT_SEEN ? ELEMENT_SEEN
						     : 0;

	if (!(flags & (ELEMENT_STREAM | ELEMENT_SEEN)) &&
		unseen_drops(history->unseen, trace_index(history->trace, event), line))
		return 0;
	struct unit *unit = find_unit(history, line);
	if (!unit && !(unit = new_unit(history, line)))
		return no_memory();
	if (!(flags & ELEMENT_STREAM))
		unit->groups++;
	while (from < to) {
		uint64_t place = event->place + from;
		unsigned length = smaller(is_whole ? to - from : ATOM - place % ATOM, to - from);
		if (!add_element(history, unit, event, place, length, flags, data + from))
			return no_memory();
		from += length;
	}
	return 0;
}

static int store(struct history *history, const struct event *event)
{
	const unsigned char *data = event_has_payload(event->kind)
					    ? event_payload(event)
					    : (const unsigned char *)&event->value;
	uint64_t line = event->place / EVENT_LINE;
	bool is_whole = event->kind == EVENT_SEEN || event->kind == EVENT_ATOMIC;

	for (uint64_t from = 0; from < event->length; line++) {
		uint64_t to = (line + 1) * EVENT_LINE - event->place;
		to = to < event->length ? to : event->length;
		int error = store_to_line(history, event, line, from, to, data, is_whole);
		if (error)
			return error;
		from = to;
	}
	return 0;
}

/* ---- what makes them durable */

static struct flights *flights_of(const struct history *history, unsigned thread)
{
	uint64_t *found = table_find(&history->threads, thread + 1u);

	return found ? (struct flights *)*found : NULL;
}

static int take_off(struct history *history, unsigned thread, const struct flight *flight)
{
	uint64_t *found = table_add(&history->threads, thread + 1u);

	if (!found)
		return no_memory();
	if (!*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct flights));
	struct flights *flights = (struct flights *)*found;
	if (flights && flights->count == flights->capacity) {
		uint32_t capacity = flights->capacity ? flights->capacity * 2 : 16;
		struct flight *grown = realloc(flights->list, capacity * sizeof(*grown));
		if (!grown)
			return no_memory();
		flights->list = grown;
		flights->capacity = capacity;
	}
	if (!flights)
		return no_memory();
	flights->list[flights->count++] = *flight;
	return 0;
}

/* Elements of the line that the flight covers. */
static bool covers(const struct flight *flight, unsigned thread, const struct element *element)
{
	if (element->at >= flight->before || element->flags & ELEMENT_DURABLE)
		return false;
	if (element->flags & ELEMENT_STREAM)
		return flight->is_stream && element->thread == thread;
	return !flight->is_stream;
}

static int retire(struct history *history, struct unit *unit)
{
	unsigned char before[EVENT_LINE], *line = history_line(history, unit->place);
	uint32_t count = 0;

	memcpy(before, line, EVENT_LINE);
	for (; count < unit->count && unit->elements[count].flags & ELEMENT_DURABLE; count++)
		if (!count_stack(history, unit->elements[count].stack, false))
			return no_memory();
	if (unit_retire(unit, line) && history->settled)
		history->settled(history->context, unit->place, before);
	if (!unit->count)
		drop_unit(history, unit);
	return 0;
}

static int land(struct history *history, const struct flight *flight, unsigned thread)
{
	struct unit *unit = find_unit(history, flight->line);

	if (!unit)
		return 0;
	for (uint32_t i = 0; i < unit->count; i++)
		if (covers(flight, thread, &unit->elements[i]))
			unit->elements[i].flags |= ELEMENT_DURABLE;
	return retire(history, unit);
}

static int fence(struct history *history, unsigned thread)
{
	struct flights *flights = flights_of(history, thread);
	int error = 0;

	for (uint32_t i = 0; flights && !error && i < flights->count; i++)
		error = land(history, &flights->list[i], thread);
	if (flights)
		flights->count = 0;
	return error;
}

typedef int each_unit(struct history *, struct unit *, const struct event *);

/* Calls `each` for all pending lines of the range, which it may complete. */
static int each_in_range(struct history *history, const struct event *event, each_unit *each)
{
	uint64_t first = event->place / EVENT_LINE;
	uint64_t end = (event->place + event->length + EVENT_LINE - 1) / EVENT_LINE;
	int error = 0;

	if (end - first > history->count) {
		for (uint32_t i = history->count; !error && i-- > 0;) {
			struct unit *unit = history->pending[i];
			uint64_t line = unit->place / EVENT_LINE;
			if (first <= line && line < end)
				error = each(history, unit, event);
		}
		return error;
	}
	for (uint64_t line = first; !error && line < end; line++) {
		struct unit *unit = find_unit(history, line);
		if (unit)
			error = each(history, unit, event);
	}
	return error;
}

static int flush_unit(struct history *history, struct unit *unit, const struct event *event)
{
	for (uint32_t i = 0; i < unit->count; i++)
		if (!(unit->elements[i].flags & ELEMENT_STREAM))
			unit->elements[i].flags |= ELEMENT_FLUSHED;
	return take_off(history, event->thread,
		&(struct flight){.line = unit->place / EVENT_LINE,
			.before = trace_index(history->trace, event)});
}

static int complete_unit(struct history *history, struct unit *unit, const struct event *event)
{
	for (uint32_t i = 0; i < unit->count; i++)
		if (event->kind == EVENT_SYNC || !(unit->elements[i].flags & ELEMENT_STREAM))
			unit->elements[i].flags |= ELEMENT_DURABLE;
	return retire(history, unit);
}

static int stream(struct history *history, const struct event *event)
{
	uint64_t index = trace_index(history->trace, event);
	int error = store(history, event);

	for (uint64_t line = event->place / EVENT_LINE;
		!error && line * EVENT_LINE < event->place + event->length; line++)
		error = take_off(history, event->thread, &(struct flight){line, index + 1, true});
	return error;
}

int history_step(struct history *history, const struct event *event)
{
	int error;

	switch (event->kind) {
	case EVENT_STORE:
	case EVENT_GROUP:
	case EVENT_COPY:
	case EVENT_SEEN:
		return store(history, event);
	case EVENT_STREAM:
		return stream(history, event);
	case EVENT_ATOMIC:
		error = fence(history, event->thread);
		return error || !event->length ? error : store(history, event);
	case EVENT_FLUSH:
		return each_in_range(history, event, flush_unit);
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
		return each_in_range(history, event, complete_unit);
	case EVENT_FENCE:
		return fence(history, event->thread);
	default:
		return 0;
	}
}

static bool flight_completes(
	const struct history *history, const struct flight *flight, unsigned thread)
{
	const struct unit *unit = find_unit(history, flight->line);

	for (uint32_t i = 0; unit && i < unit->count; i++)
		if (covers(flight, thread, &unit->elements[i]))
			return true;
	return false;
}

static int is_pending(struct history *history, struct unit *unit, const struct event *event)
{
	(void)history;
	(void)event;
	return unit->count > 0;
}

bool history_completes(const struct history *history, const struct event *event)
{
	struct flights *flights;

	switch (event->kind) {
	case EVENT_FENCE:
	case EVENT_ATOMIC:
		flights = flights_of(history, event->thread);
		for (uint32_t i = 0; flights && i < flights->count; i++)
			if (flight_completes(history, &flights->list[i], event->thread))
				return true;
		return false;
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
		return each_in_range((struct history *)history, event, is_pending);
	default:
		return false;
	}
}
