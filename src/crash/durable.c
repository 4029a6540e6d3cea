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

/*
 * Joins the new flight (a flush or streaming store that waits for a fence) with the last one of
 * the thread. This is possible if nothing was stored in between, or if both are streaming stores
 * of this thread, because the thread's next fence completes all its streaming stores.
 */
static bool join(const struct history *history, struct flight *last, const struct flight *next)
{
	uint64_t end = next->first + next->count;

	if (last->is_stream != next->is_stream || next->first < last->first ||
		next->first > last->first + last->count || end - last->first > UINT32_MAX)
		return false;
	if (!next->is_stream && history->last_store >= last->before)
		return false;
	if (end > last->first + last->count)
		last->count = (uint32_t)(end - last->first);
	last->before = next->before;
	return true;
}

static int by_range(const void *a, const void *b)
{
	const struct flight *x = a, *y = b;

	if (x->is_stream != y->is_stream)
		return x->is_stream ? 1 : -1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return (x->before > y->before) - (x->before < y->before);
}

/* Removes each flight whose units all have a later flight. Takes time, so it is rarely done. */
static void remove_repeated(const struct history *history, struct flights *flights)
{
	struct flight *list = flights->list;
	uint32_t kept = 0;

	if (flights->count < history->many || flights->count / 5 * 4 < flights->distinct)
		return;
	qsort(list, flights->count, sizeof(*list), by_range);
	for (uint32_t i = 0; i < flights->count; i++) {
		bool is_repeated =
			i + 1 < flights->count && list[i].is_stream == list[i + 1].is_stream &&
			list[i].first == list[i + 1].first && list[i].count == list[i + 1].count;
		if (!is_repeated)
			list[kept++] = list[i];
	}
	flights->count = flights->distinct = kept;
}

int durable_wait(struct history *history, unsigned thread, const struct flight *flight)
{
	uint64_t *found = table_add(&history->threads, thread + 1u);

	if (!found)
		return pending_no_memory();
	struct flights *flights = (struct flights *)*found;
	if (!flights) {
		flights = calloc(1, sizeof(*flights));
		if (!flights)
			return pending_no_memory();
		*found = (uint64_t)(uintptr_t)flights;
	}
	if (flights->count && join(history, &flights->list[flights->count - 1], flight))
		return 0;
	remove_repeated(history, flights);
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

/* Does this flight, a flush that waits for a fence, cover this piece of a store? */
static bool covers(const struct history *history, const struct flight *flight, unsigned thread,
	const struct piece *piece)
{
	if (piece->at >= flight->before || piece->flags & ELEMENT_DURABLE)
		return false;
	if (piece->flags & ELEMENT_STREAM)
		return flight->is_stream && piece_event(history->trace, piece, 0)->thread == thread;
	return !flight->is_stream;
}

/* ---- ranges of units */

struct range {
	uint64_t first, end; /* numbers of units */
};

/* A function that is called with the index of a pending unit, and may remove this unit. */
typedef int each_unit(struct history *, uint32_t index, const void *context);

/* Calls `each` for all pending units of the range, until a call returns a value other than 0. */
static int each_in_range(
	struct history *history, struct range range, each_unit *each, const void *context)
{
	int result = 0;

	if (range.end - range.first > history->count) {
		for (uint32_t i = history->count; !result && i-- > 0;) {
			uint64_t number = history->pending[i].number;
			if (range.first <= number && number < range.end)
				result = each(history, i, context);
		}
		return result;
	}
	for (uint64_t number = range.first; !result && number < range.end; number++) {
		const uint32_t *index = sheet_find(&history->units, number);
		if (index)
			result = each(history, *index, context);
	}
	return result;
}

/* Returns the range of units that the event flushes or syncs. */
static struct range range_of(const struct history *history, const struct event *event)
{
	uint64_t whole = model_whole(history->model);
	uint64_t first = event->place / whole * whole;
	uint64_t end = (event->place + event->length + whole - 1) / whole * whole;

	if (!event->length)
		return (struct range){0, 0};
	return (struct range){pending_number(history, first), pending_number(history, end - 1) + 1};
}

static struct range range_of_flight(const struct flight *flight)
{
	return (struct range){flight->first, flight->first + flight->count};
}

/* ---- flushes, fences and syncs */

/* A flush, and its thread, whose next fence completes the flush. */
struct landing {
	const struct flight *flight;
	unsigned thread;
};

static int land(struct history *history, uint32_t index, const void *context)
{
	const struct landing *landing = context;
	struct packed *unit = &history->pending[index];

	if (packed_is_chain(unit))
		return retire_chain(history, index,
			landing->flight->is_stream ? 0
						   : chain_before(&unit->chain, &history->links,
							     landing->flight->before));
	struct piece *pieces = packed_pieces(unit);
	for (uint32_t i = 0; i < unit->count; i++)
		if (covers(history, landing->flight, landing->thread, &pieces[i]))
			pieces[i].flags |= ELEMENT_DURABLE;
	return retire_pieces(history, index);
}

/* Stores of chains that become durable: those before the event with index `before`. */
struct noting {
	struct walk *walk;
	uint32_t before;
};

static int note(struct history *history, uint32_t index, const void *context)
{
	const struct noting *noting = context;

	if (packed_is_chain(&history->pending[index]))
		walk_raise(noting->walk, index, noting->before);
	return 0;
}

static int has_pieces(struct history *history, uint32_t index, const void *context)
{
	(void)context;
	return !packed_is_chain(&history->pending[index]);
}

/* Removes the flights for which land() has nothing to do after a walk. */
static void keep_flights_of_pieces(struct history *history, struct flights *flights)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < flights->count; i++)
		if (each_in_range(history, range_of_flight(&flights->list[i]), has_pieces, NULL))
			flights->list[kept++] = flights->list[i];
	flights->count = kept;
	if (kept)
		return;
	free(flights->list);
	flights->list = NULL;
	flights->capacity = 0;
}

/* Completes flushes of very many scattered units; land() completes those that this one leaves. */
static int land_by_walk(struct history *history, struct flights *flights)
{
	struct walk walk;
	uint64_t units = 0;
	int error = 0;

	for (uint32_t i = 0; i < flights->count; i++)
		units += flights->list[i].count;
	if (!walk_may_help(history, units) || !walk_init(&walk, history))
		return 0;
	for (uint32_t i = 0; i < flights->count; i++)
		if (!flights->list[i].is_stream)
			each_in_range(history, range_of_flight(&flights->list[i]), note,
				&(struct noting){&walk, flights->list[i].before});
	if (walk_helps(&walk)) {
		keep_flights_of_pieces(history, flights);
		error = retire_by_walk(history, &walk);
	}
	walk_fini(&walk);
	return error;
}

int durable_fence(struct history *history, unsigned thread)
{
	struct flights *flights = flights_of(history, thread);
	int error = flights ? land_by_walk(history, flights) : 0;

	for (uint32_t i = 0; flights && !error && i < flights->count; i++)
		error = each_in_range(history, range_of_flight(&flights->list[i]), land,
			&(struct landing){&flights->list[i], thread});
	if (flights)
		flights->count = flights->distinct = 0;
	return error;
}

static int flush_unit(struct history *history, uint32_t index, const void *context)
{
	struct packed *unit = &history->pending[index];
	struct piece *pieces = packed_pieces(unit);

	(void)context;
	if (packed_is_chain(unit)) {
		unit->chain.flushed = unit->chain.count;
		return 0;
	}
	for (uint32_t i = 0; i < unit->count; i++)
		if (!(pieces[i].flags & ELEMENT_STREAM))
			pieces[i].flags |= ELEMENT_FLUSHED;
	return 0;
}

static int complete_unit(struct history *history, uint32_t index, const void *context)
{
	const struct event *event = context;
	struct packed *unit = &history->pending[index];
	struct piece *pieces = packed_pieces(unit);

	if (packed_is_chain(unit))
		return retire_chain(history, index, unit->chain.count);
	for (uint32_t i = 0; i < unit->count; i++)
		if (!(pieces[i].flags & ELEMENT_HELD) &&
			(event->kind == EVENT_SYNC || !(pieces[i].flags & ELEMENT_STREAM)))
			pieces[i].flags |= ELEMENT_DURABLE;
	return retire_pieces(history, index);
}

static int is_pending(struct history *history, uint32_t index, const void *context)
{
	(void)history;
	(void)index;
	(void)context;
	return 1;
}

int durable_flush(struct history *history, const struct event *event)
{
	struct range range = range_of(history, event);
	int error = 0;

	if (!each_in_range(history, range, is_pending, NULL))
		return 0;
	each_in_range(history, range, flush_unit, NULL);
	while (!error && range.first < range.end) {
		uint64_t left = range.end - range.first;
		struct flight flight = {.first = range.first,
			.count = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX,
			.before = (uint32_t)trace_index(history->trace, event) & INT32_MAX};
		error = durable_wait(history, event->thread, &flight);
		range.first += flight.count;
	}
	return error;
}

int durable_complete(struct history *history, const struct event *event)
{
	struct range range = range_of(history, event);
	struct walk walk;
	int error = 0;

	if (walk_may_help(history, range.end - range.first) && walk_init(&walk, history)) {
		each_in_range(history, range, note, &(struct noting){&walk, WALK_ALL});
		if (walk_helps(&walk))
			error = retire_by_walk(history, &walk);
		walk_fini(&walk);
	}
	return error ? error : each_in_range(history, range, complete_unit, event);
}

/* Makes all stores so far durable, if the model makes stores durable at once. */
int durable_at_once(struct history *history)
{
	struct event any = {.kind = EVENT_CLFLUSH};
	int error = 0;

	if (!history->has_new || !model_is_at_once(history->model))
		return 0;
	history->has_new = false;
	for (uint32_t i = history->count; !error && i-- > 0;)
		error = complete_unit(history, i, &any);
	return error;
}

int durable_barrier(struct history *history, unsigned thread)
{
	if (history->model != MODEL_ARMV8)
		return 0;
	uint64_t *epoch = table_add(&history->epochs, thread + 1u);
	if (!epoch)
		return pending_no_memory();
	*epoch = ++history->epoch;
	return 0;
}

/* ---- questions */

static int is_covered(struct history *history, uint32_t index, const void *context)
{
	const struct landing *landing = context;
	const struct packed *unit = &history->pending[index];
	const struct piece *pieces = packed_look(unit);

	if (packed_is_chain(unit))
		return !landing->flight->is_stream && unit->chain.first < landing->flight->before;
	for (uint32_t i = 0; i < unit->count; i++)
		if (covers(history, landing->flight, landing->thread, &pieces[i]))
			return 1;
	return 0;
}

bool durable_by_fence(const struct history *history, unsigned thread)
{
	const struct flights *flights = flights_of(history, thread);

	for (uint32_t i = 0; flights && i < flights->count; i++)
		if (each_in_range((struct history *)history, range_of_flight(&flights->list[i]),
			    is_covered, &(struct landing){&flights->list[i], thread}))
			return true;
	return false;
}

bool durable_by_sync(const struct history *history, const struct event *event)
{
	return each_in_range((struct history *)history, range_of(history, event), is_pending, NULL);
}
