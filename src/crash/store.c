/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.c - rules R1, R8, R9 and R10 of unit.h: cut a store into elements, and choose the group of
 * each
 */
#include <string.h>

#include "crash/pending.h"

/*
 * Sets *epoch to the number that stands for the time since this thread's last barrier; to 0 in
 * models without barriers. Returns false if there is no memory.
 */
static bool epoch_of(struct history *history, unsigned thread, uint32_t *epoch)
{
	*epoch = 0;
	if (history->model != MODEL_ARMV8)
		return true;
	uint64_t *found = table_add(&history->epochs, thread + 1u);
	if (found && !*found)
		*found = ++history->epoch;
	*epoch = found ? (uint32_t)*found : 0;
	return found;
}

/*
 * Chooses the group of a store: a new one, or in the model armv8 the group of the same thread's
 * other stores since its last barrier. Returns false if there is no memory.
 */
static bool choose_group(struct history *history, struct grouping *last, const struct event *event)
{
	uint32_t now = (uint32_t)history->group_event, epoch = 0;

	if (event->kind != EVENT_SEEN && !epoch_of(history, event->thread, &epoch))
		return false;
	bool is_open = epoch && last->epoch == epoch;
	if (last->last_event != now && !is_open)
		last->groups++;
	last->last_event = now;
	last->epoch = epoch;
	return true;
}

/*
 * Release the elements that were held back until this event (R9): from now on they belong to the
 * event's group, and either all or none of them survive.
 */
static void release(
	const struct history *history, struct packed *unit, const struct grouping *now, uint64_t at)
{
	struct piece *pieces = packed_pieces(unit);

	for (uint32_t i = 0; i < unit->count && !packed_is_chain(unit); i++) {
		struct piece *piece = &pieces[i];
		if (!(piece->flags & ELEMENT_HELD) ||
			unseen_holds(history->unseen, piece->at, unit->number) > at)
			continue;
		piece->flags = (uint8_t)((piece->flags & ~ELEMENT_HELD) | ELEMENT_WHOLE);
		piece->group = now->groups;
		piece->at = (uint32_t)at;
	}
}

/*
 * Is `word` equal to the bytes that were at this place before? When a comparison finds a line
 * changed, all words of the line are recorded, though only some of them have changed.
 */
static bool is_old(const struct history *history, uint64_t place, const unsigned char *word)
{
	struct unit unit = history_unit(history, place);
	unsigned char now[ATOM];

	memcpy(now, history_line(history, place), ATOM);
	for (uint32_t i = 0; i < unit.count; i++) {
		struct element element = unit_element(&unit, i);
		memcpy(now + element.place % ATOM, element.data, element.length);
	}
	return !memcmp(now, word, ATOM);
}

/* Adds bytes [from, to) of the event's data, which all go to one line, or to one word. */
static int store_to_line(struct history *history, const struct event *event, uint64_t line,
	uint64_t from, uint64_t to)
{
	uint64_t at = trace_index(history->trace, event);
	uint64_t number = pending_number(history, event->place + from);
	unsigned flags = event->kind == EVENT_STREAM && model_streams(history->model)
				 ? ELEMENT_STREAM
			 : event->kind == EVENT_SEEN ? ELEMENT_SEEN | ELEMENT_WHOLE
						     : 0;

	if (!(flags & (ELEMENT_STREAM | ELEMENT_SEEN)) && unseen_drops(history->unseen, at, line))
		return 0;
	if (flags & ELEMENT_SEEN && to - from == ATOM &&
		is_old(history, event->place + from, event_payload(event) + from))
		return 0;
	struct packed *unit = pending_find(history, number);
	if (!unit && !(unit = pending_make(history, number)))
		return pending_no_memory();
	struct grouping *grouping = pending_grouping(history, unit, event->place + from);
	if (!grouping || (!(flags & ELEMENT_STREAM) && !choose_group(history, grouping, event)))
		return pending_no_memory();
	if (unseen_holds(history->unseen, at, number))
		flags |= ELEMENT_HELD;
	else if (flags & ELEMENT_SEEN)
		release(history, unit, grouping, at);
	if (flags & ELEMENT_SEEN && model_is_at_once(history->model))
		flags |= ELEMENT_DURABLE; /* the element was durable before the comparison */
	history->has_new |= !(flags & ELEMENT_STREAM);
	return pending_add(history, unit, event, from, (unsigned)(to - from), flags)
		       ? 0
		       : pending_no_memory();
}

int store_event(struct history *history, const struct event *event)
{
	uint64_t part = history->is_torn && history->model != MODEL_PAGE ? ATOM : EVENT_LINE;

	for (uint64_t from = 0; from < event->length;) {
		uint64_t place = event->place + from, to = from + part - place % part;
		to = to < event->length ? to : event->length;
		int error = store_to_line(history, event, place / EVENT_LINE, from, to);
		if (error)
			return error;
		from = to;
	}
	return 0;
}
