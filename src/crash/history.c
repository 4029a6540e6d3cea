/* SPDX-License-Identifier: BSD-3-Clause */
/* history.c - rules R1, R5, R6, R8, R9 and R10 of unit.h, and how each model applies them */
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
		.model = unseen->model,
		.is_torn = unseen->is_torn,
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
	for (size_t i = 0; i < history->wholes.size; i++)
		if (history->wholes.cells[i].key)
			free((void *)(uintptr_t)history->wholes.cells[i].value);
	table_fini(&history->wholes);
	table_fini(&history->units);
	table_fini(&history->epochs);
	lines_fini(&history->lines);
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

/* ---- units */

static struct unit *find_unit(const struct history *history, uint64_t number)
{
	uint64_t *found = table_find(&history->units, number + 1);

	return found ? (struct unit *)*found : NULL;
}

static struct unit *new_unit(struct history *history, uint64_t number)
{
	if (history->count == history->capacity) {
		uint32_t capacity = history->capacity ? history->capacity * 2 : 256;
		struct unit **grown = realloc(history->pending, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		history->pending = grown;
		history->capacity = capacity;
	}
	uint64_t *found = table_add(&history->units, number + 1);
	struct unit *unit = found ? calloc(1, sizeof(*unit)) : NULL;
	if (!unit)
		return NULL;
	*found = (uint64_t)(uintptr_t)unit;
	unit->number = number;
	unit->slot = history->count;
	history->pending[history->count++] = unit;
	return unit;
}

static void drop_unit(struct history *history, struct unit *unit)
{
	struct unit *last = history->pending[--history->count];

	history->pending[unit->slot] = last;
	last->slot = unit->slot;
	table_remove(&history->units, unit->number + 1);
	unit_free(unit);
}

/* ---- the set of call stacks of pending stores */

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

static uint64_t unit_of(const struct history *history, uint64_t place)
{
	return model_unit(history->model, history->is_torn, place);
}

const struct unit *history_unit(const struct history *history, uint64_t place)
{
	return find_unit(history, unit_of(history, place));
}

/* The grouping of the unit at this place. NULL: no memory. */
static struct grouping *grouping_of(struct history *history, struct unit *unit, uint64_t place)
{
	uint64_t *found;

	if (!history->is_torn)
		return &unit->grouping;
	found = table_add(&history->wholes, place / model_whole(history->model) + 1);
	if (found && !*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct grouping));
	return found ? (struct grouping *)(uintptr_t)*found : NULL;
}

static bool add_element(struct history *history, struct unit *unit, const struct event *event,
	uint64_t place, unsigned length, unsigned flags, const unsigned char *data)
{
	const struct grouping *grouping = grouping_of(history, unit, place);

	if (!grouping)
		return false;
	struct element element = {.at = trace_index(history->trace, event),
		.data = data,
		.place = place,
		.stack = event->stack,
		.group = grouping->groups,
		.thread = event->thread,
		.length = (uint8_t)length,
		.flags = (uint8_t)flags};

	return unit_add(unit, &element) && count_stack(history, event->stack, true) &&
	       (flags & ELEMENT_NAMES ||
		       lines_add(&history->lines, place & ~(uint64_t)(EVENT_LINE - 1)));
}

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
 * Frees elements that were held back until this event: they belong to its group from now on, as a
 * whole.
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
	uint64_t number = unit_of(history, event->place + from);
	unsigned flags = event->kind == EVENT_STREAM && model_streams(history->model)
				 ? ELEMENT_STREAM
			 : event->kind == EVENT_SEEN ? ELEMENT_SEEN | ELEMENT_WHOLE
						     : 0;

	if (!(flags & (ELEMENT_STREAM | ELEMENT_SEEN)) && unseen_drops(history->unseen, at, line))
		return 0;
	struct unit *unit = find_unit(history, number);
	if (flags & ELEMENT_SEEN && to - from == ATOM &&
		is_old(history, unit, event->place + from, data + from))
		return 0;
	if (!unit && !(unit = new_unit(history, number)))
		return no_memory();
	struct grouping *grouping = grouping_of(history, unit, event->place + from);
	if (!grouping)
		return no_memory();
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

/* ---- names and sizes (R12, R13) */

static uint64_t line_at(uint64_t place)
{
	return place & ~(uint64_t)(EVENT_LINE - 1);
}

/* Changes to names become one group each; on a file system without order all are in one group. */
static int change_names(struct history *history, const struct event *event)
{
	uint64_t number = unit_of(history, event->place);
	struct unit *unit = find_unit(history, number);

	if (!unit && !(unit = new_unit(history, number)))
		return no_memory();
	if (!history->is_posix || !unit->count)
		unit->grouping.groups++;
	if (!add_element(history, unit, event, event->place, (unsigned)event->length, ELEMENT_NAMES,
		    event_payload(event)))
		return no_memory();
	const struct element *element = &unit->elements[unit->count - 1];
	for (uint32_t i = 0; i < element_changes(element); i++)
		if (!lines_add(&history->lines, line_at(element_change_place(element, i))))
			return no_memory();
	return 0;
}

static int retire(struct history *history, struct unit *unit);

/*
 * Does syncing `file`, 0 for the directory, make the change durable? On a file system without
 * order, syncing the directory makes names durable, and syncing a file only its size.
 */
static bool is_synced(const struct history *history, const struct event *change, uint64_t file)
{
	bool is_name = !change->size;

	if (!file)
		return is_name;
	return change->value == file && (!is_name || !history->is_posix);
}

/* On an ordered file system, all changes before the last durable one are durable, too. */
static int sync_names(struct history *history, const struct event *event)
{
	struct unit *unit = find_unit(history, unit_of(history, event->place));
	bool is_before = false;

	for (uint32_t i = unit ? unit->count : 0; i-- > 0;) {
		struct element *element = &unit->elements[i];
		bool is_durable =
			is_synced(history, history->trace->slots + element->at, event->value);
		is_before |= is_durable && !history->is_posix;
		if (is_durable || is_before)
			element->flags |= ELEMENT_DURABLE;
	}
	return unit ? retire(history, unit) : 0;
}

/* ---- flushes, fences and syncs */

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

/* Does the flush that waits for a fence (a flight) cover this element of its line? */
static bool covers(const struct flight *flight, unsigned thread, const struct element *element)
{
	if (element->at >= flight->before || element->flags & ELEMENT_DURABLE)
		return false;
	if (element->flags & ELEMENT_STREAM)
		return flight->is_stream && element->thread == thread;
	return !flight->is_stream;
}

static void remember(struct history *history, const struct element *newest, uint64_t line,
	const unsigned char *before)
{
	struct retired *retired = &history->retired[history->retired_count++ % HISTORY_RETIRED];

	retired->place = line;
	retired->newest = *newest;
	memcpy(retired->before, before, EVENT_LINE);
}

static uint64_t line_of(const struct element *element)
{
	return element->place & ~(uint64_t)(EVENT_LINE - 1);
}

/* Moves the words of a durable element of names to base, each in its line. */
static uint32_t retire_names(struct history *history, const struct unit *unit, uint32_t i)
{
	const struct element *element = &unit->elements[i];
	unsigned char before[EVENT_CHANGES][EVENT_LINE];
	uint32_t count = element_changes(element);

	for (uint32_t n = 0; n < count; n++) {
		uint64_t line = line_at(element_change_place(element, n));
		memcpy(before[n], history_line(history, line), EVENT_LINE);
	}
	element_apply(element, history->base);
	for (uint32_t n = 0; n < count; n++) {
		uint64_t line = line_at(element_change_place(element, n));
		bool is_first = true;
		for (uint32_t m = 0; m < n; m++)
			is_first &= line_at(element_change_place(element, m)) != line;
		lines_remove(&history->lines, line);
		if (is_first)
			remember(history, element, line, before[n]);
		if (is_first && history->settled)
			history->settled(history->context, line, before[n]);
	}
	return i + 1;
}

/*
 * Moves the durable elements from number `i` on that are in the same line to base. Returns the
 * number behind the last one.
 */
static uint32_t retire_line(struct history *history, const struct unit *unit, uint32_t i)
{
	uint64_t line = line_of(&unit->elements[i]);
	unsigned char before[EVENT_LINE];

	if (unit->elements[i].flags & ELEMENT_NAMES)
		return retire_names(history, unit, i);
	memcpy(before, history_line(history, line), EVENT_LINE);
	for (; i < unit->count; i++) {
		const struct element *element = &unit->elements[i];
		if (!(element->flags & ELEMENT_DURABLE) || element->flags & ELEMENT_NAMES ||
			line_of(element) != line)
			break;
		memcpy(history_line(history, element->place), element->data, element->length);
		lines_remove(&history->lines, line);
	}
	remember(history, &unit->elements[i - 1], line, before);
	if (history->settled)
		history->settled(history->context, line, before);
	return i;
}

/* Removes durable elements from the unit if no older element stands before them. */
static int retire(struct history *history, struct unit *unit)
{
	uint32_t count = 0;

	for (; count < unit->count && unit->elements[count].flags & ELEMENT_DURABLE; count++)
		if (!count_stack(history, unit->elements[count].stack, false))
			return no_memory();
	for (uint32_t i = 0; i < count;)
		i = retire_line(history, unit, i);
	unit_forget(unit, count);
	if (!unit->count)
		drop_unit(history, unit);
	return 0;
}

static int land(struct history *history, const struct flight *flight, unsigned thread)
{
	struct unit *unit = find_unit(history, flight->unit);

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

/* Calls `each`, which may complete the unit, for all pending lines of the range. */
static int each_in_range(struct history *history, const struct event *event, each_unit *each)
{
	uint64_t whole = model_whole(history->model);
	uint64_t last = (event->place + event->length + whole - 1) / whole * whole - 1;
	uint64_t first = unit_of(history, event->place / whole * whole);
	uint64_t end = unit_of(history, last) + 1;
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
		struct unit *unit = find_unit(history, number);
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
		&(struct flight){
			.unit = unit->number, .before = trace_index(history->trace, event)});
}

static int complete_unit(struct history *history, struct unit *unit, const struct event *event)
{
	for (uint32_t i = 0; i < unit->count; i++)
		if (!(unit->elements[i].flags & ELEMENT_HELD) &&
			(event->kind == EVENT_SYNC || !(unit->elements[i].flags & ELEMENT_STREAM)))
			unit->elements[i].flags |= ELEMENT_DURABLE;
	return retire(history, unit);
}

/* Completes all stores so far, if in this model they are durable at once. */
static int complete_at_once(struct history *history)
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

static int barrier(struct history *history, unsigned thread)
{
	uint64_t *epoch =
		history->model == MODEL_ARMV8 ? table_add(&history->epochs, thread + 1u) : NULL;

	if (history->model == MODEL_ARMV8 && !epoch)
		return no_memory();
	if (epoch)
		++*epoch;
	return 0;
}

/*
 * A fence completes flushes; in armv8 an atomic operation or a barrier (size 1) only orders
 * stores.
 */
static int order(struct history *history, const struct event *event)
{
	bool is_barrier = event->kind == EVENT_ATOMIC || event->size == 1;
	int error = barrier(history, event->thread);

	if (error || (history->model == MODEL_ARMV8 && is_barrier))
		return error;
	return fence(history, event->thread);
}

static int stream(struct history *history, const struct event *event)
{
	uint64_t index = trace_index(history->trace, event);
	uint64_t last = unit_of(history, event->place + event->length - 1);
	int error = store(history, event);

	for (uint64_t number = unit_of(history, event->place);
		!error && model_streams(history->model) && number <= last; number++)
		error = take_off(history, event->thread, &(struct flight){number, index + 1, true});
	return error;
}

/* Is this the next part of a copy? Then it is in one group with the previous part. */
static bool goes_on(const struct event *event)
{
	return event->kind == EVENT_COPY && event->size == 1;
}

int history_step(struct history *history, const struct event *event)
{
	int error = goes_on(event) ? 0 : complete_at_once(history);

	if (error)
		return error;
	if (!goes_on(event))
		history->group_event = trace_index(history->trace, event) + 1;
	switch (event->kind) {
	case EVENT_STORE:
	case EVENT_GROUP:
	case EVENT_COPY:
	case EVENT_SEEN:
		return store(history, event);
	case EVENT_STREAM:
		return stream(history, event);
	case EVENT_ATOMIC:
		error = order(history, event);
		return error || !event->length ? error : store(history, event);
	case EVENT_FLUSH:
		return model_flushes(history->model) ? each_in_range(history, event, flush_unit)
						     : 0;
	case EVENT_CLFLUSH:
		if (history->model == MODEL_ARMV8)
			return each_in_range(history, event, flush_unit);
		return model_flushes(history->model) ? each_in_range(history, event, complete_unit)
						     : 0;
	case EVENT_SYNC:
		return each_in_range(history, event, complete_unit);
	case EVENT_FENCE:
		return order(history, event);
	case EVENT_NAMES:
		return history->model == MODEL_PAGE ? change_names(history, event) : 0;
	case EVENT_NAMES_SYNC:
		return history->model == MODEL_PAGE ? sync_names(history, event) : 0;
	default:
		return 0;
	}
}

static bool flight_completes(
	const struct history *history, const struct flight *flight, unsigned thread)
{
	const struct unit *unit = find_unit(history, flight->unit);

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

	if (history->has_new && model_is_at_once(history->model) && !goes_on(event) &&
		event->kind <= EVENT_MARK)
		return true;
	if (history->model == MODEL_ARMV8 && (event->kind == EVENT_ATOMIC || event->size == 1) &&
		event->kind != EVENT_CLFLUSH && event->kind != EVENT_SYNC)
		return false;
	switch (event->kind) {
	case EVENT_FENCE:
	case EVENT_ATOMIC:
		flights = flights_of(history, event->thread);
		for (uint32_t i = 0; flights && i < flights->count; i++)
			if (flight_completes(history, &flights->list[i], event->thread))
				return true;
		return false;
	case EVENT_CLFLUSH:
		if (history->model != MODEL_CACHE_LINE)
			return false;
		/* fallthrough */
	case EVENT_SYNC:
		return each_in_range((struct history *)history, event, is_pending);
	case EVENT_NAMES_SYNC:
		return find_unit(history, unit_of(history, event->place)) != NULL;
	default:
		return false;
	}
}
