/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timeline.c - make the timeline of one bug: go through the trace once more, and keep the events
 * that concern the bug
 */
#include "crash/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/history.h"

#define AROUND 2u /* columns that are kept before and after a column that matters */
#define BEHIND 4u /* columns shown after the crash, unless one of the bug's stores comes later */

struct view {
	struct timeline *timeline;
	const struct bug *bug;
	struct history history;
	uint64_t begin;                /* index of the first event that may be a column */
	uint64_t skipped;              /* number of events left out since the last column */
	bool is_stored[TIMELINE_ROWS]; /* whether a store to the row's line has happened so far */
	enum line_state now[TIMELINE_ROWS];
};

/* ---- rows */

static void add_row(
	struct timeline *timeline, enum model model, const struct suspect *suspect, bool is_lost)
{
	uint64_t size = model == MODEL_PAGE ? EVENT_PAGE : EVENT_LINE;
	struct timeline_row row = {suspect->place / size * size, size, is_lost, !is_lost};

	if (!suspect->is_there)
		return;
	for (unsigned i = 0; i < timeline->row_count; i++)
		if (timeline->rows[i].place == row.place) {
			timeline->rows[i].has_early |= !is_lost;
			return;
		}
	timeline->rows[timeline->row_count++] = row;
}

static bool is_in_row(const struct timeline_row *row, uint64_t place, uint64_t length)
{
	return place < row->place + row->size && row->place < place + length;
}

static enum line_state state_of(const struct view *view, unsigned number)
{
	const struct timeline_row *row = &view->timeline->rows[number];
	struct unit unit = history_unit(&view->history, row->place);
	bool is_waiting = false;

	for (uint32_t i = 0; i < unit.count; i++) {
		struct element element = unit_element(&unit, i);
		if (element.flags & ELEMENT_DURABLE ||
			!is_in_row(row, element.place, element.length))
			continue;
		if (!(element.flags & (ELEMENT_FLUSHED | ELEMENT_STREAM)))
			return LINE_PENDING;
		is_waiting = true;
	}
	return is_waiting ? LINE_FLUSHED : view->is_stored[number] ? LINE_DURABLE : LINE_CLEAN;
}

/* ---- columns */

static bool is_store(const struct event *event)
{
	return event->kind >= EVENT_STORE && event->kind <= EVENT_SEEN && event->length;
}

static bool is_of_memory(const struct event *event)
{
	return (event->kind >= EVENT_STORE && event->kind <= EVENT_MARK) ||
	       event->kind == EVENT_NAMES || event->kind == EVENT_NAMES_SYNC;
}

static bool may_complete(const struct event *event)
{
	return event->kind == EVENT_FENCE || event->kind == EVENT_ATOMIC;
}

static bool is_of_names(const struct event *event)
{
	return event->kind == EVENT_NAMES || event->kind == EVENT_NAMES_SYNC;
}

static bool touches_row(const struct timeline_row *row, const struct event *event)
{
	if (is_of_names(event))
		return is_in_row(row, event->place, EVENT_PAGE);
	return event->kind >= EVENT_STORE && event->kind <= EVENT_SYNC &&
	       event->kind != EVENT_FENCE && event->length &&
	       is_in_row(row, event->place, event->length);
}

/*
 * Sets touches[row] for each row to which the event stores, or which it flushes or syncs, and
 * notes which rows were stored to.
 */
static bool touch(struct view *view, const struct event *event, bool *touches)
{
	bool any = false;

	for (unsigned i = 0; i < view->timeline->row_count; i++) {
		touches[i] = touches_row(&view->timeline->rows[i], event);
		view->is_stored[i] |= touches[i] && (is_store(event) || event->kind == EVENT_NAMES);
		any |= touches[i];
	}
	return any;
}

static bool is_waiting(const struct view *view)
{
	for (unsigned i = 0; i < view->timeline->row_count; i++)
		if (view->now[i] == LINE_PENDING || view->now[i] == LINE_FLUSHED)
			return true;
	return false;
}

static int append(struct timeline *timeline, const struct timeline_column *column)
{
	if (timeline->count == timeline->capacity) {
		uint32_t capacity = timeline->capacity ? timeline->capacity * 2 : 64;
		struct timeline_column *grown =
			realloc(timeline->columns, capacity * sizeof(*grown));
		if (!grown)
			return err_set(-ENOMEM, "out of memory for a timeline");
		timeline->columns = grown;
		timeline->capacity = capacity;
	}
	timeline->columns[timeline->count++] = *column;
	return 0;
}

/* Decides if this event becomes a column, and adds the column if so. */
static int look_at(struct view *view, const struct event *event, uint64_t index)
{
	struct timeline_column column = {.event = event,
		.skipped = view->skipped,
		.is_lost = view->bug->lost.is_there && index == view->bug->lost.at,
		.is_early = view->bug->early.is_there && index == view->bug->early.at};
	bool was_waiting = is_waiting(view);
	bool is_shown = touch(view, event, column.touches) || event->kind == EVENT_MARK ||
			(may_complete(event) && was_waiting) || index == view->bug->at;
	int error = history_step(&view->history, event);

	for (unsigned i = 0; i < view->timeline->row_count; i++)
		column.after[i] = view->now[i] = state_of(view, i);
	if (error || index < view->begin || !is_of_memory(event))
		return error;
	if (!is_shown) {
		view->skipped++;
		return 0;
	}
	if (!view->timeline->count)
		column.skipped = 0;
	view->skipped = 0;
	if (index < view->bug->at)
		view->timeline->cut++;
	return append(view->timeline, &column);
}

/*
 * Is the timeline complete? It is when nothing remains to become durable after the crash, or all
 * columns are used.
 */
static bool is_over(const struct view *view, uint64_t index)
{
	const struct timeline *timeline = view->timeline;
	const struct suspect *lost = &view->bug->lost;

	if (index <= view->bug->at || (lost->is_there && index <= lost->at))
		return false;
	return timeline->count >= timeline->cut + BEHIND || !is_waiting(view);
}

static int go_through(struct view *view, const struct trace *trace)
{
	int error = 0;

	for (const struct event *event = trace_first(trace); event && !error;
		event = trace_next(trace, event)) {
		uint64_t index = trace_index(trace, event);
		if (is_over(view, index))
			break;
		if (index < view->begin)
			memcpy(view->timeline->before, view->now, sizeof(view->now));
		error = look_at(view, event, index);
	}
	return error;
}

/* ---- leaving out columns that show nothing of interest */

/* Is this column needed to understand the picture? */
static bool matters(const struct timeline *timeline, uint32_t number)
{
	const struct timeline_column *column = &timeline->columns[number];

	if (column->is_lost || column->is_early || number == timeline->cut || !number ||
		number + 1 == timeline->cut)
		return true;
	/* keep a row's first flush and drain after a store that was lost or durable too early */
	for (unsigned i = 0; i < timeline->row_count; i++)
		if (column->after[i] != column[-1].after[i] && number < timeline->cut + BEHIND &&
			(column[-1].is_lost || column[-1].is_early))
			return true;
	return false;
}

static void leave_out(struct timeline *timeline)
{
	uint32_t kept = 0, cut = timeline->cut;
	uint64_t skipped = 0;
	bool *is_kept = calloc(timeline->count + 1u, sizeof(bool));

	for (uint32_t i = 0; is_kept && i < timeline->count; i++)
		for (uint32_t near = i < AROUND ? 0 : i - AROUND;
			near <= i + AROUND && near < timeline->count && !is_kept[i]; near++)
			is_kept[i] = matters(timeline, near);
	for (uint32_t i = 0; is_kept && i < timeline->count; i++) {
		skipped += timeline->columns[i].skipped;
		if (!is_kept[i]) {
			skipped++;
			timeline->cut -= i < cut;
			continue;
		}
		timeline->columns[kept] = timeline->columns[i];
		timeline->columns[kept++].skipped = skipped;
		skipped = 0;
	}
	if (is_kept)
		timeline->count = kept;
	free(is_kept);
}

/* ---- the whole timeline */

static uint64_t first_of(const struct bug *bug)
{
	uint64_t begin = bug->at;

	if (bug->lost.is_there && bug->lost.at < begin)
		begin = bug->lost.at;
	if (bug->early.is_there && bug->early.at < begin)
		begin = bug->early.at;
	return begin;
}

int timeline_make(const struct trace *trace, struct memories *memories, enum model model,
	const struct bug *bug, struct timeline *timeline)
{
	struct view view = {.timeline = timeline, .bug = bug, .begin = first_of(bug)};
	struct unseen unseen;

	*timeline = (struct timeline){0};
	add_row(timeline, model, &bug->lost, true);
	add_row(timeline, model, &bug->early, false);
	int error = unseen_init(&unseen, trace, model, false);
	if (!error && timeline->row_count) {
		history_init(&view.history, trace, &unseen, memories->base, NULL, NULL);
		error = go_through(&view, trace);
		history_fini(&view.history);
		explore_rewind(trace, memories);
	}
	unseen_fini(&unseen);
	leave_out(timeline);
	return error;
}

void timeline_free(struct timeline *timeline)
{
	free(timeline->columns);
	*timeline = (struct timeline){0};
}
