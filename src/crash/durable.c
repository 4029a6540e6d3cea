/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * durable.c - rules R5 and R6 of unit.h: what flushes, fences and syncs make durable
 */
#include <stdlib.h>
#include <string.h>

#include "crash/pending.h"

static struct flights *flights_of(const struct history *history, unsigned thread)
{
	uint64_t *found = table_find(&history->threads, thread + 1u);

	return found ? (struct flights *)*found : NULL;
}

int durable_wait(struct history *history, unsigned thread, const struct flight *flight)
{
	uint64_t *found = table_add(&history->threads, thread + 1u);

	if (!found)
		return pending_no_memory();
	if (!*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct flights));
	struct flights *flights = (struct flights *)*found;
	if (!flights)
		return pending_no_memory();
	if (flights->count == flights->capacity) {
		uint32_t capacity = flights->capacity ? flights->capacity * 2 : 16;
		struct flight *grown = realloc(flights->list, capacity * sizeof(*grown));
		if (!grown)
			return pending_no_memory();
		flights->list = grown;
		flights->capacity = capacity;
	}
	flights->list[flights->count++] = *flight;
	return 0;
}

/* Does the flush that waits for a fence (a flight) cover this element of its line? */
static bool covers(const struct flight *flight, unsigned thread, const struct element *element)
{
	if (element->at >= flight->before || element->flags & ELEMENT_DURABLE)
		return false;
	if (element->flags & ELEMENT_STREAM)
		return flight->is_stream && element->thread == thread;
	return !flight->is_stream;
}

void durable_remember(struct history *history, const struct element *newest, uint64_t line,
	const unsigned char *before)
{
	struct retired *retired = &history->retired[history->retired_count++ % HISTORY_RETIRED];

	retired->place = line;
	retired->newest = *newest;
	memcpy(retired->before, before, EVENT_LINE);
}

/*
 * Moves the durable elements from number `i` on that are in the same line to base. Returns the
 * number behind the last one.
 */
static uint32_t retire_line(struct history *history, const struct unit *unit, uint32_t i)
{
	uint64_t line = pending_line_at(unit->elements[i].place);
	unsigned char before[EVENT_LINE];

	if (unit->elements[i].flags & ELEMENT_NAMES)
		return names_retire(history, unit, i);
	memcpy(before, history_line(history, line), EVENT_LINE);
	for (; i < unit->count; i++) {
		const struct element *element = &unit->elements[i];
		if (!(element->flags & ELEMENT_DURABLE) || element->flags & ELEMENT_NAMES ||
			pending_line_at(element->place) != line)
			break;
		memcpy(history_line(history, element->place), element->data, element->length);
		lines_remove(&history->lines, line);
	}
	durable_remember(history, &unit->elements[i - 1], line, before);
	if (history->settled)
		history->settled(history->context, line, before);
	return i;
}

/* Removes durable elements from the unit if no older element stands before them. */
int durable_retire(struct history *history, struct unit *unit)
{
	uint32_t count = 0;

	for (; count < unit->count && unit->elements[count].flags & ELEMENT_DURABLE; count++)
		if (!pending_count_stack(history, unit->elements[count].stack, false))
			return pending_no_memory();
	for (uint32_t i = 0; i < count;)
		i = retire_line(history, unit, i);
	unit_forget(unit, count);
	if (!unit->count)
		pending_drop(history, unit);
	return 0;
}

static int land(struct history *history, const struct flight *flight, unsigned thread)
{
	struct unit *unit = pending_find(history, flight->unit);

	if (!unit)
		return 0;
	for (uint32_t i = 0; i < unit->count; i++)
		if (covers(flight, thread, &unit->elements[i]))
			unit->elements[i].flags |= ELEMENT_DURABLE;
	return durable_retire(history, unit);
}

int durable_fence(struct history *history, unsigned thread)
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

/* Calls `each` for all pending lines of the range. The call may remove the line's unit. */
static int each_in_range(struct history *history, const struct event *event, each_unit *each)
{
	uint64_t whole = model_whole(history->model);
	uint64_t last = (event->place + event->length + whole - 1) / whole * whole - 1;
	uint64_t first = pending_number(history, event->place / whole * whole);
	uint64_t end = pending_number(history, last) + 1;
	int error = 0;

	if (!event->length)
		return 0;
	if (end - first > history->count) {
		for (uint32_t i = history->count; !error && i-- > 0;) {
			struct unit *unit = history->pending[i];
			if (first <= unit->number && unit->number < end)
				error = each(history, unit, event);
		}
		return error;
	}
	for (uint64_t number = first; !error && number < end; number++) {
		struct unit *unit = pending_find(history, number);
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
	return durable_wait(history, event->thread,
		&(struct flight){
			.unit = unit->number, .before = trace_index(history->trace, event)});
}

static int complete_unit(struct history *history, struct unit *unit, const struct event *event)
{
	for (uint32_t i = 0; i < unit->count; i++)
		if (!(unit->elements[i].flags & ELEMENT_HELD) &&
			(event->kind == EVENT_SYNC || !(unit->elements[i].flags & ELEMENT_STREAM)))
			unit->elements[i].flags |= ELEMENT_DURABLE;
	return durable_retire(history, unit);
}

int durable_flush(struct history *history, const struct event *event)
{
	return each_in_range(history, event, flush_unit);
}

int durable_complete(struct history *history, const struct event *event)
{
	return each_in_range(history, event, complete_unit);
}

/* Completes all stores so far, if in this model they are durable at once. */
int durable_at_once(struct history *history)
{
	struct event any = {.kind = EVENT_CLFLUSH};
	int error = 0;

	if (!history->has_new || !model_is_at_once(history->model))
		return 0;
	history->has_new = false;
	for (uint32_t i = history->count; !error && i-- > 0;)
		error = complete_unit(history, history->pending[i], &any);
	return error;
}

int durable_barrier(struct history *history, unsigned thread)
{
	uint64_t *epoch =
		history->model == MODEL_ARMV8 ? table_add(&history->epochs, thread + 1u) : NULL;

	if (history->model == MODEL_ARMV8 && !epoch)
		return pending_no_memory();
	if (epoch)
		++*epoch;
	return 0;
}

static bool flight_completes(
	const struct history *history, const struct flight *flight, unsigned thread)
{
	const struct unit *unit = pending_find(history, flight->unit);

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

bool durable_by_fence(const struct history *history, unsigned thread)
{
	const struct flights *flights = flights_of(history, thread);

	for (uint32_t i = 0; flights && i < flights->count; i++)
		if (flight_completes(history, &flights->list[i], thread))
			return true;
	return false;
}

bool durable_by_sync(const struct history *history, const struct event *event)
{
	return each_in_range((struct history *)history, event, is_pending);
}
