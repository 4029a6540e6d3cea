/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * blame.c - name the store that was lost, the store that was durable too early, and what is
 * missing between them
 */
#include "crash/point.h"

static struct suspect suspect_of(const struct unit *unit, uint32_t number)
{
	struct element element = unit_element(unit, number);
	struct suspect suspect = {.is_there = true,
		.at = element.at,
		.place = element.place,
		.length = element.length,
		.stack = element.stack,
		.flags = element.flags};

	/* Let the suspect include the other 8-byte words (atoms) of the same store. */
	while (++number < unit->count) {
		element = unit_element(unit, number);
		if (element.at != suspect.at)
			break;
		suspect.length += element.length;
	}
	return suspect;
}

#define NO_ELEMENT UINT32_MAX

/* Returns the index of the unit's first element that the crash lost; NO_ELEMENT if all survived. */
static uint32_t first_lost(const struct unit *unit, const struct choice *choice)
{
	unsigned stream = 0;

	for (uint32_t i = 0; i < unit->count; i++) {
		unsigned flags = unit_flags(unit, i);
		if (!(flags & ELEMENT_HELD) && !choice_has(choice, flags, i, stream))
			return i;
		stream += !!(flags & ELEMENT_STREAM);
	}
	return NO_ELEMENT;
}

/* Returns the index of the unit's last pending element that survived the crash, or NO_ELEMENT. */
static uint32_t last_early(const struct unit *unit, const struct choice *choice)
{
	uint32_t early = NO_ELEMENT;
	unsigned stream = 0;

	for (uint32_t i = 0; i < unit->count; i++) {
		unsigned flags = unit_flags(unit, i);
		if (!(flags & ELEMENT_DURABLE) && choice_has(choice, flags, i, stream))
			early = i;
		stream += !!(flags & ELEMENT_STREAM);
	}
	return early;
}

/*
 * Finds two stores: the oldest one that was lost, and the newest one that survived. The newest is
 * named because a store that makes other stores valid, as a commit does, comes after them.
 */
static void find_suspects(const struct point *point, const struct cut *cut, struct bug *bug)
{
	uint32_t span = 0;

	for (uint32_t i = 0; i < point->history->count; i++) {
		struct unit unit = history_pending(point->history, i);
		struct choice choice = cut_choice(cut, &unit, i, &span);
		uint32_t lost = first_lost(&unit, &choice), early = last_early(&unit, &choice);
		if (lost != NO_ELEMENT &&
			(!bug->lost.is_there || unit_at(&unit, lost) < bug->lost.at))
			bug->lost = suspect_of(&unit, lost);
		if (early != NO_ELEMENT &&
			(!bug->early.is_there || unit_at(&unit, early) > bug->early.at))
			bug->early = suspect_of(&unit, early);
	}
}

static bool overlaps(const struct event *event, uint64_t line)
{
	return event->place / EVENT_LINE <= line &&
	       line * EVENT_LINE < event->place + event->length;
}

/*
 * Returns the first flush, after the suspect (a store to be blamed), of the line that it changed;
 * NULL if the line is not flushed again.
 */
static const struct event *next_flush(const struct point *point, const struct suspect *suspect)
{
	for (const struct event *event = point->trace->slots + suspect->at; event;
		event = trace_next(point->trace, event))
		if ((event->kind == EVENT_FLUSH || event->kind == EVENT_CLFLUSH ||
			    event->kind == EVENT_SYNC) &&
			overlaps(event, suspect->place / EVENT_LINE))
			return event;
		else if (event->kind == EVENT_NAMES_SYNC && suspect->flags & ELEMENT_NAMES &&
			 event->place == suspect->place)
			return event;
	return NULL;
}

static bool is_drained(const struct point *point, const struct event *flush)
{
	if (flush->kind != EVENT_FLUSH)
		return true;
	for (const struct event *event = flush; event; event = trace_next(point->trace, event))
		if ((event->kind == EVENT_FENCE || event->kind == EVENT_ATOMIC) &&
			event->thread == flush->thread)
			return true;
	return false;
}

/*
 * Has the program written something to its standard output since this store, and before the crash?
 */
static bool is_promised(const struct point *point, const struct suspect *lost)
{
	const struct event *event = point->trace->slots + lost->at;

	for (; event && trace_index(point->trace, event) < point->at;
		event = trace_next(point->trace, event))
		if (event->kind == EVENT_FENCE || event->kind == EVENT_SYNC)
			return event->value < point->acknowledged;
	return false;
}

/*
 * Does the trace have, after this store and before the crash, a mark (holdfast_crash.h) with which
 * the thread of the store reports the end of its operation?
 */
static bool is_ended(const struct point *point, const struct suspect *lost)
{
	const struct event *event = point->trace->slots + lost->at;
	unsigned thread = event->thread;

	for (; event && trace_index(point->trace, event) < point->at;
		event = trace_next(point->trace, event))
		if (event->kind == EVENT_MARK && event->size == 1 && event->thread == thread)
			return true;
	return false;
}

static enum cause cause_of(const struct point *point, const struct bug *bug)
{
	const struct suspect *lost = &bug->lost, *early = &bug->early;

	if (!lost->is_there)
		return CAUSE_RECOVERY;
	if (lost->flags & SUSPECT_LATER)
		return CAUSE_ATOMICITY;
	if (early->is_there && early->at == lost->at)
		return CAUSE_TORN;
	if (early->is_there && early->place / EVENT_LINE == lost->place / EVENT_LINE)
		return CAUSE_ATOMICITY;
	const struct event *flush = next_flush(point, lost);
	if (!(lost->flags & ELEMENT_STREAM)) {
		if (!flush)
			return CAUSE_FLUSH;
		if (!is_drained(point, flush))
			return CAUSE_DRAIN;
	}
	if (is_promised(point, lost) || is_ended(point, lost))
		return lost->flags & (ELEMENT_FLUSHED | ELEMENT_STREAM) ? CAUSE_DRAIN : CAUSE_FLUSH;
	if (lost->flags & ELEMENT_NAMES && !early->is_there)
		return CAUSE_FLUSH;
	/* no pending store survived too early: a part of an operation is durable already */
	if (!early->is_there || early->flags & ELEMENT_DURABLE)
		return CAUSE_ATOMICITY;
	if (!(early->flags & (ELEMENT_FLUSHED | ELEMENT_STREAM)))
		return CAUSE_EVICTION;
	return CAUSE_ORDER;
}

int blame(struct point *point, const struct cut *cut, bool complete, struct bug *bug)
{
	int error = 0;

	bug->lost = bug->early = (struct suspect){0};
	find_suspects(point, cut, bug);
	if (complete) {
		bug->lost = (struct suspect){0};
		error = look_ahead(point, &bug->lost);
	}
	if (!error && !bug->early.is_there)
		error = look_back(point, cut, &bug->early);
	bug->cause = cause_of(point, bug);
	return error;
}
