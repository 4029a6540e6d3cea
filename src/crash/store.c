/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.c - rules R1, R8, R9 and R10 of unit.h: cut a store into elements, and choose their group
 */
#include <string.h>

#include "crash/pending.h"

static unsigned smaller(uint64_t a, uint64_t b)
{
	return (unsigned)(a < b ? a : b);
}

static uint32_t epoch_of(const struct history *history, unsigned thread)
{
	uint64_t *found = table_find(&history->epochs, thread + 1u);

	return found ? (uint32_t)*found : 0;
}

/*
 * Chooses the group of a store: its own; in the model armv8 that of the same thread's other stores
 * since its last barrier.
 */
static void choose_group(
	const struct history *history, struct grouping *last, const struct event *event)
{
	uint64_t now = history->group_event;
	uint32_t epoch = epoch_of(history, event->thread);
	bool is_open = history->model == MODEL_ARMV8 && event->kind != EVENT_SEEN &&
		       last->thread == event->thread && last->epoch == epoch;

	if (last->last_event != now && !is_open)
		last->groups++;
	last->last_event = now;
	last->thread = event->kind == EVENT_SEEN ? 0 : event->thread;
	last->epoch = epoch;
}

/*
 * Release the elements that were held back until this event: from now on they belong to the
 * event's group, each as a whole.
 */
static void release(
	const struct history *history, struct unit *unit, const struct grouping *now, uint64_t at)
{
	for (uint32_t i = 0; i < unit->count; i++) {
		struct element *element = &unit->elements[i];
		if (!(element->flags & ELEMENT_HELD) ||
			unseen_holds(history->unseen, element->at, unit->number) > at)
			continue;
		element->flags = (uint8_t)((element->flags & ~ELEMENT_HELD) | ELEMENT_WHOLE);
		element->group = now->groups;
		element->at = at;
	}
}

/*
 * Has the word the value that it had before? A torn line is found changed as a whole, though only
 * some of its words changed.
 */
static bool is_old(const struct history *history, const struct unit *unit, uint64_t place,
	const unsigned char *word)
{
	unsigned char now[ATOM];

	memcpy(now, history_line(history, place), ATOM);
	for (uint32_t i = 0; unit && i < unit->count; i++)
		memcpy(now + unit->elements[i].place % ATOM, unit->elements[i].data,
			unit->elements[i].length);
	return !memcmp(now, word, ATOM);
}

/* Adds the part of a store that goes to one line, or one word: bytes [from, to) of the event. */
static int store_to_line(struct history *history, const struct event *event, uint64_t line,
	uint64_t from, uint64_t to, const unsigned char *data, bool is_whole)
{
	uint64_t at = trace_index(history->trace, event);
	uint64_t number = pending_number(history, event->place + from);
	unsigned flags = event->kind == EVENT_STREAM && model_streams(history->model)
				 ? ELEMENT_STREAM
			 : event->kind == EVENT_SEEN ? ELEMENT_SEEN | ELEMENT_WHOLE
						     : 0;

	if (!(flags & (ELEMENT_STREAM | ELEMENT_SEEN)) && unseen_drops(history->unseen, at, line))
		return 0;
	struct unit *unit = pending_find(history, number);
	if (flags & ELEMENT_SEEN && to - from == ATOM &&
		is_old(history, unit, event->place + from, data + from))
		return 0;
	if (!unit && !(unit = pending_make(history, number)))
		return pending_no_memory();
	struct grouping *grouping = pending_grouping(history, unit, event->place + from);
	if (!grouping)
		return pending_no_memory();
	if (!(flags & ELEMENT_STREAM))
		choose_group(history, grouping, event);
	if (unseen_holds(history->unseen, at, number))
		flags |= ELEMENT_HELD;
	else if (flags & ELEMENT_SEEN)
		release(history, unit, grouping, at);
	if (flags & ELEMENT_SEEN && model_is_at_once(history->model))
		flags |= ELEMENT_DURABLE; /* the bytes were durable when they were found */
	history->has_new |= !(flags & ELEMENT_STREAM);
	while (from < to) {
		uint64_t place = event->place + from;
		unsigned length = smaller(is_whole ? to - from : ATOM - place % ATOM, to - from);
		if (!pending_add(history, unit, event, place, length, flags, data + from))
			return pending_no_memory();
		from += length;
	}
	return 0;
}

int store_event(struct history *history, const struct event *event)
{
	const unsigned char *data = event_has_payload(event->kind)
					    ? event_payload(event)
					    : (const unsigned char *)&event->value;
	bool is_whole = event->kind == EVENT_SEEN || event->kind == EVENT_ATOMIC;
	uint64_t part = history->is_torn && history->model != MODEL_PAGE ? ATOM : EVENT_LINE;

	for (uint64_t from = 0; from < event->length;) {
		uint64_t place = event->place + from, to = from + part - place % part;
		to = to < event->length ? to : event->length;
		int error =
			store_to_line(history, event, place / EVENT_LINE, from, to, data, is_whole);
		if (error)
			return error;
		from = to;
	}
	return 0;
}
