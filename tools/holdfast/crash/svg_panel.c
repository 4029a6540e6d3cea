/* SPDX-License-Identifier: BSD-3-Clause */
/* svg_panel.c - the part of the picture that shows one bug: its rows, and the list below them */
#include "svg.h"

#include <stdlib.h>
#include <string.h>

static unsigned column_x(uint32_t number)
{
	return LEFT + STEP * number + STEP / 2;
}

static unsigned row_y(const struct panel *panel, unsigned number)
{
	return panel->y + HEAD + ROW * number + ROW / 2;
}

static unsigned rows_end(const struct panel *panel)
{
	return panel->y + HEAD + ROW * panel->timeline->row_count;
}

/* Returns the x coordinate of the crash, which is between two columns. */
static unsigned cut_x(const struct panel *panel)
{
	return LEFT + STEP * panel->timeline->cut;
}

unsigned svg_panel_height(const struct timeline *timeline)
{
	return HEAD + ROW * timeline->row_count + 78 + LINE * (timeline->count + 3);
}

/* ---- a row */

static void print_bars(const struct panel *panel, unsigned row)
{
	const struct timeline *timeline = panel->timeline;
	unsigned y = row_y(panel, row), from = LEFT, cut = cut_x(panel);
	enum line_state state = timeline->before[row];

	for (uint32_t i = 0; i <= timeline->count; i++) {
		bool is_last = i == timeline->count;
		if (!is_last && timeline->columns[i].after[row] == state)
			continue;
		unsigned end = is_last ? LEFT + STEP * timeline->count : column_x(i);
		unsigned middle = cut < from ? from : cut < end ? cut : end;
		svg_bar(panel->picture->to, state, from, middle, y, false);
		svg_bar(panel->picture->to, state, middle, end, y, true);
		from = end;
		if (!is_last)
			state = timeline->columns[i].after[row];
	}
}

static void print_call(const struct panel *panel, const struct fact_store *store, const char *role,
	unsigned x, unsigned y)
{
	const struct call *call = fact_call(panel->bug, store);

	if (call)
		svg_formatted(panel->picture->to, x, y, role, "%s: %s:%u", role,
			place_base_name(call), call->line);
	else
		svg_text(panel->picture->to, x, y, role, role);
}

/*
 * Draws the marks of a bug's two stores: of the lost one above the row, and of the early one below
 * the row, because both may be in the same column.
 */
static void print_suspects(const struct panel *panel, unsigned row, uint32_t column)
{
	const struct timeline_column *here = &panel->timeline->columns[column];
	unsigned x = column_x(column), y = row_y(panel, row);

	if (here->is_lost && panel->timeline->rows[row].has_lost) {
		fprintf(panel->picture->to,
			"<circle cx=\"%u\" cy=\"%u\" r=\"13\" class=\"ring lost\"/>\n", x, y);
		print_call(panel, &panel->bug->lost, "lost", x, y - 21);
	}
	if (here->is_early && panel->timeline->rows[row].has_early) {
		fprintf(panel->picture->to,
			"<circle cx=\"%u\" cy=\"%u\" r=\"13\" class=\"ring early\"/>\n", x, y);
		print_call(panel, &panel->bug->early, "early", x, y + 31);
	}
}

/* True if the program had not made the lost store yet when the crash came. */
static bool is_later(const struct panel *panel)
{
	const struct timeline *timeline = panel->timeline;
	uint32_t lost = 0;

	while (lost < timeline->count && !timeline->columns[lost].is_lost)
		lost++;
	return lost >= timeline->cut;
}

static void print_outcome(const struct panel *panel, unsigned row)
{
	const struct timeline_row *shown = &panel->timeline->rows[row];
	unsigned x = LEFT + STEP * panel->timeline->count + APART, y = row_y(panel, row) + 5;
	unsigned both = shown->has_lost && shown->has_early ? 10 : 0;

	if (shown->has_lost)
		svg_formatted(panel->picture->to, x, y - both, "outcome lost", "✗ %s",
			is_later(panel) ? "not stored yet" : "the store is lost");
	if (shown->has_early)
		svg_text(panel->picture->to, x, y + both, "outcome early", "✓ the store survived");
}

static void print_row(const struct panel *panel, unsigned row)
{
	const struct timeline *timeline = panel->timeline;
	const struct timeline_row *shown = &timeline->rows[row];
	const struct trace *trace = &panel->picture->facts->findings->run->trace;
	FILE *to = panel->picture->to;
	unsigned y = row_y(panel, row);

	fprintf(to, "<g class=\"row\">\n");
	if (trace->has_names && place_file(shown->place) == NAMES_FILE) {
		svg_text(to, 16, y - 3, "name", "names and sizes");
		svg_text(to, 16, y + 15, "note", "of the directory's files");
	} else {
		svg_formatted(to, 16, y - 3, "name", "%s+%#llx",
			file_base_name(trace, place_file(shown->place)),
			(unsigned long long)place_offset(shown->place));
		svg_formatted(to, 16, y + 15, "note", "%s of %llu bytes",
			shown->size == EVENT_LINE ? "cache line" : "page",
			(unsigned long long)shown->size);
	}
	print_bars(panel, row);
	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct timeline_column *column = &timeline->columns[i];
		if (column->touches[row])
			svg_mark(to, svg_mark_of(column->event), column_x(i), y);
		print_suspects(panel, row, i);
	}
	print_outcome(panel, row);
	fprintf(to, "</g>\n");
}

/* ---- drains, columns and the crash, which go through all rows */

/* True if this event makes the cache line of the row durable. */
static bool completes(const struct timeline *timeline, uint32_t number, unsigned row)
{
	const struct timeline_column *column = &timeline->columns[number];
	enum line_state before = number ? column[-1].after[row] : timeline->before[row];

	return before != column->after[row] && column->after[row] == LINE_DURABLE;
}

/*
 * Draws a drain as a vertical line, which is thick in the rows whose cache lines the drain makes
 * durable.
 */
static void print_drain(const struct panel *panel, uint32_t number, const char *pale)
{
	unsigned x = column_x(number), half = ROW / 2 - 4;

	for (unsigned row = 0; row < panel->timeline->row_count; row++)
		fprintf(panel->picture->to,
			"<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"drain%s%s\"/>\n", x,
			row_y(panel, row) - half, x, row_y(panel, row) + half,
			completes(panel->timeline, number, row) ? "" : " vain", pale);
}

static void print_columns(const struct panel *panel)
{
	const struct timeline *timeline = panel->timeline;
	FILE *to = panel->picture->to;
	unsigned end = rows_end(panel);

	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct timeline_column *column = &timeline->columns[i];
		unsigned x = column_x(i);
		const char *pale = i < timeline->cut ? "" : " pale";
		if (svg_mark_of(column->event) == MARK_DRAIN)
			print_drain(panel, i, pale);
		if (column->skipped)
			svg_formatted(to, x - STEP / 2, end + 14, "skipped", "…%llu…",
				(unsigned long long)column->skipped);
		fprintf(to, "<circle cx=\"%u\" cy=\"%u\" r=\"10\" class=\"number%s\"/>\n", x,
			end + 14, pale);
		svg_formatted(to, x, end + 18, "digit", "%u", i + 1);
	}
}

static void print_cut(const struct panel *panel)
{
	FILE *to = panel->picture->to;
	unsigned x = cut_x(panel), top = panel->y + HEAD - 14, end = rows_end(panel);

	fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"cut\"/>\n", x, top, x,
		end + 28);
	svg_text(to, x, top - 6, "cut", panel->picture->facts->event);
	svg_formatted(to, LEFT + STEP * panel->timeline->count + APART, top - 6, "note",
		"in the file afterwards:");
}

static void print_axis(const struct panel *panel)
{
	FILE *to = panel->picture->to;
	unsigned y = rows_end(panel) + 36, end = LEFT + STEP * panel->timeline->count;

	fprintf(to, "<path d=\"M%u %u H%u m-7 -4 l7 4 l-7 4\" class=\"axis\"/>\n", LEFT, y, end);
	svg_text(to, 16, y + 5, "note", "time, event by event");
}

/* ---- the list below the rows */

/*
 * True if the events are of more than one thread. Ignores stores found after the program's end,
 * whose thread is not known.
 */
static bool has_threads(const struct timeline *timeline)
{
	unsigned first = 0;

	for (uint32_t i = 0; i < timeline->count; i++) {
		unsigned thread = timeline->columns[i].event->thread;
		if (thread && first && thread != first)
			return true;
		first = thread ? thread : first;
	}
	return false;
}

static void print_role(const struct panel *panel, const struct timeline_column *column, unsigned y)
{
	FILE *to = panel->picture->to;

	if (column->is_lost)
		svg_text(to, 44, y, "item lost", column->is_early ? "lost, early" : "lost");
	else if (column->is_early)
		svg_text(to, 44, y, "item early", "early");
}

/* Prints the innermost calls of an event's call stack, as many as fit. */
static void print_calls(const struct panel *panel, unsigned x, unsigned y, const char *kind,
	const struct event *event)
{
	const struct trace *trace = &panel->picture->facts->findings->run->trace;
	char *calls = place_words(trace, event->stack);
	int room = (int)((panel->picture->width - 16 - x) / LETTER);
	bool is_long = calls && (int)strlen(calls) > room;

	svg_formatted(panel->picture->to, x, y, kind, "%.*s%s", is_long ? room - 1 : room, calls,
		is_long ? "…" : "");
	free(calls);
}

static void print_item(const struct panel *panel, uint32_t number, unsigned y)
{
	const struct timeline_column *column = &panel->timeline->columns[number];
	const struct event *event = column->event;
	const struct trace *trace = &panel->picture->facts->findings->run->trace;
	const char *kind = number < panel->timeline->cut ? "item" : "item pale";
	FILE *to = panel->picture->to;
	unsigned x = 372;
	char what[64];

	svg_event_words(event, what, sizeof(what));
	svg_formatted(to, 16, y, kind, "%u", number + 1);
	print_role(panel, column, y);
	svg_text(to, 130, y, kind, what);
	if (place_file(event->place) && event->length && event->kind != EVENT_NAMES)
		svg_formatted(to, 260, y, kind, "%.12s+%#llx",
			file_base_name(trace, place_file(event->place)),
			(unsigned long long)place_offset(event->place));
	if (has_threads(panel->timeline)) {
		if (event->thread)
			svg_formatted(to, x, y, kind, "thread %u", event->thread);
		x += 80;
	}
	print_calls(panel, x, y, kind, event);
}

static void print_list(const struct panel *panel)
{
	const char *event = panel->picture->facts->event;
	FILE *to = panel->picture->to;
	uint32_t cut = panel->timeline->cut, count = panel->timeline->count;
	unsigned y = rows_end(panel) + 68;

	for (uint32_t i = 0; i < count; i++, y += LINE) {
		if (i == cut) {
			svg_formatted(
				to, 130, y, "item lost", "%s: later events did not happen", event);
			y += LINE;
		}
		print_item(panel, i, y);
	}
	if (count && cut == count) {
		svg_formatted(to, 130, y, "item lost", "%s after the program's end", event);
		y += LINE;
	}
	svg_formatted(to, 16, y + 8, "repair", "Repair: %s", panel->bug->repair);
}

static void print_head(const struct panel *panel)
{
	const struct fact_bug *bug = panel->bug;
	const struct facts *facts = panel->picture->facts;

	svg_formatted(panel->picture->to, 16, panel->y + 32, "title", "BUG %llu: %s",
		(unsigned long long)bug->number, bug->name);
	svg_formatted(panel->picture->to, 16, panel->y + 54, "note",
		"%s, %s model: %llu of %llu images fail: %s%s%.60s", facts->event, facts->model,
		(unsigned long long)bug->failing, (unsigned long long)bug->images, bug->status,
		bug->output ? ": " : "", bug->output ? bug->output : "");
}

void svg_panel(const struct panel *panel)
{
	FILE *to = panel->picture->to;

	fprintf(to, "<g class=\"bug\">\n");
	print_head(panel);
	if (panel->timeline->count) {
		print_cut(panel);
		for (unsigned row = 0; row < panel->timeline->row_count; row++)
			print_row(panel, row);
		print_columns(panel);
		print_axis(panel);
	} else {
		svg_text(to, 16, panel->y + HEAD, "note", "No single store is to blame.");
	}
	print_list(panel);
	fprintf(to, "</g>\n");
}
