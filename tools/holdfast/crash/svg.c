/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * svg.c - draws a picture of each bug: time to the right, a row for each line of the file that the
 * bug concerns
 *
 * A bar along the row shows the state of the line: clean, pending, flushed or durable. Marks on it
 * are stores, flushes and drains, each with a number that the list below the rows explains. The
 * crash is a vertical line through all rows. Events that would have followed it are pale.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crash/timeline.h"
#include "facts.h"

#define STEP   72u /* distance of two columns */
#define LEFT   190u
#define RIGHT  260u
#define APART  52u   /* distance of the outcome from the rows */
#define LEAST  1040u /* minimum width of the picture */
#define ROW    86u
#define HEAD   104u /* height of a bug's title, above its rows */
#define LINE   19u  /* height of a line of text */
#define LETTER 7.3  /* width of a letter in the list */
#define LEGEND 196u

struct picture {
	FILE *to;
	const struct facts *facts;
	struct timeline *timelines;
	unsigned width, height;
};

/* The part of the picture that shows one bug. */
struct panel {
	const struct picture *picture;
	const struct fact_bug *bug;
	const struct timeline *timeline;
	unsigned y;
};

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

/* The x of the crash, between two columns. */
static unsigned cut_x(const struct panel *panel)
{
	return LEFT + STEP * panel->timeline->cut;
}

static unsigned panel_height(const struct timeline *timeline)
{
	return HEAD + ROW * timeline->row_count + 78 + LINE * (timeline->count + 3);
}

static void print_text(FILE *to, unsigned x, unsigned y, const char *kind, const char *words)
{
	fprintf(to, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, kind);
	xml_print(to, words);
	fputs("</text>\n", to);
}

static void print_formatted(FILE *to, unsigned x, unsigned y, const char *kind, const char *format,
	...) __attribute__((__format__(__printf__, 5, 6)));

static void print_formatted(
	FILE *to, unsigned x, unsigned y, const char *kind, const char *format, ...)
{
	char *words = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&words, format, ap) < 0)
		words = NULL;
	va_end(ap);
	/* words_clean(): the text may be cut inside a UTF-8 character */
	print_text(to, x, y, kind, words_clean(words));
	free(words);
}

/* ---- the kinds of bars and marks */

static const char *const state_kinds[] = {
	[LINE_CLEAN] = "clean",
	[LINE_PENDING] = "pending",
	[LINE_FLUSHED] = "flushed",
	[LINE_DURABLE] = "durable",
};

enum mark { MARK_STORE, MARK_FOUND, MARK_FLUSH, MARK_SYNC, MARK_DRAIN, MARK_NONE };

static enum mark mark_of(const struct event *event)
{
	switch (event->kind) {
	case EVENT_SEEN:
		return MARK_FOUND;
	case EVENT_FLUSH:
		return MARK_FLUSH;
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
	case EVENT_NAMES_SYNC:
		return MARK_SYNC;
	case EVENT_FENCE:
		return MARK_DRAIN;
	case EVENT_ATOMIC:
		return event->length ? MARK_STORE : MARK_DRAIN;
	case EVENT_MARK:
		return MARK_NONE;
	default:
		return MARK_STORE;
	}
}

static void event_words(const struct event *event, char *words, size_t size)
{
	unsigned long long length = event->length;

	switch (event->kind) {
	case EVENT_SEEN:
		snprintf(words, size, "%llu B changed", length);
		break;
	case EVENT_FLUSH:
		snprintf(words, size, "flush");
		break;
	case EVENT_CLFLUSH:
		snprintf(words, size, "clflush");
		break;
	case EVENT_SYNC:
		snprintf(words, size, "sync");
		break;
	case EVENT_NAMES:
		snprintf(words, size, event->size ? "size" : "name");
		break;
	case EVENT_NAMES_SYNC:
		snprintf(words, size,
			event->value && event->value < NAMES_DIRECTORY ? "sync of a file"
								       : "sync of names");
		break;
	case EVENT_FENCE:
		snprintf(words, size, event->size ? "barrier" : "drain");
		break;
	case EVENT_MARK:
		snprintf(words, size, event->size ? "operation ends" : "operation begins");
		break;
	case EVENT_COPY:
		snprintf(words, size, "copy of %llu B", length);
		break;
	default:
		if (length)
			snprintf(words, size, "store of %llu B", length);
		else
			snprintf(words, size, "locked access");
	}
}

static void print_mark(FILE *to, enum mark mark, unsigned x, unsigned y)
{
	switch (mark) {
	case MARK_STORE:
	case MARK_FOUND:
		fprintf(to, "<circle cx=\"%u\" cy=\"%u\" r=\"8\" class=\"%s\"/>\n", x, y,
			mark == MARK_STORE ? "store" : "store found");
		break;
	case MARK_FLUSH:
		fprintf(to, "<path d=\"M%u %u h18 l-9 17 z\" class=\"flush\"/>\n", x - 9, y - 8);
		break;
	case MARK_SYNC:
		fprintf(to, "<path d=\"M%u %u l10 10 l-10 10 l-10 -10 z\" class=\"sync\"/>\n", x,
			y - 10);
		break;
	case MARK_DRAIN:
	case MARK_NONE:
	default:
		break;
	}
}

/* ---- a row */

static void print_bar(
	FILE *to, enum line_state state, unsigned from, unsigned end, unsigned y, bool is_pale)
{
	unsigned height = state == LINE_CLEAN ? 2 : 22;

	if (from < end)
		fprintf(to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"%s%s\"/>\n",
			from, y - height / 2, end - from, height, state_kinds[state],
			is_pale ? " pale" : "");
}

/* The bar changes where the line's state changes, and becomes pale at the crash. */
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
		print_bar(panel->picture->to, state, from, middle, y, false);
		print_bar(panel->picture->to, state, middle, end, y, true);
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
		print_formatted(panel->picture->to, x, y, role, "%s: %s:%u", role,
			place_base_name(call), call->line);
	else
		print_text(panel->picture->to, x, y, role, role);
}

/*
 * Marks the lost store above the row and the early one below it, because both may be in one
 * column.
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

/* Does the lost store come after the crash? */
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
		print_formatted(panel->picture->to, x, y - both, "outcome lost", "✗ %s",
			is_later(panel) ? "not stored yet" : "the store is lost");
	if (shown->has_early)
		print_text(
			panel->picture->to, x, y + both, "outcome early", "✓ the store survived");
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
		print_text(to, 16, y - 3, "name", "names and sizes");
		print_text(to, 16, y + 15, "note", "of the directory's files");
	} else {
		print_formatted(to, 16, y - 3, "name", "%s+%#llx",
			file_base_name(trace, place_file(shown->place)),
			(unsigned long long)place_offset(shown->place));
		print_formatted(to, 16, y + 15, "note", "%s of %llu bytes",
			shown->size == EVENT_LINE ? "cache line" : "page",
			(unsigned long long)shown->size);
	}
	print_bars(panel, row);
	for (uint32_t i = 0; i < timeline->count; i++) {
		const struct timeline_column *column = &timeline->columns[i];
		if (column->touches[row])
			print_mark(to, mark_of(column->event), column_x(i), y);
		print_suspects(panel, row, i);
	}
	print_outcome(panel, row);
	fprintf(to, "</g>\n");
}

/* ---- drains, columns and the crash, which go through all rows */

/* Does this event make the row's line durable? */
static bool completes(const struct timeline *timeline, uint32_t number, unsigned row)
{
	const struct timeline_column *column = &timeline->columns[number];
	enum line_state before = number ? column[-1].after[row] : timeline->before[row];

	return before != column->after[row] && column->after[row] == LINE_DURABLE;
}

/* Draws a drain as a line, which is thick in the rows that the drain makes durable. */
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
		if (mark_of(column->event) == MARK_DRAIN)
			print_drain(panel, i, pale);
		if (column->skipped)
			print_formatted(to, x - STEP / 2, end + 14, "skipped", "…%llu…",
				(unsigned long long)column->skipped);
		fprintf(to, "<circle cx=\"%u\" cy=\"%u\" r=\"10\" class=\"number%s\"/>\n", x,
			end + 14, pale);
		print_formatted(to, x, end + 18, "digit", "%u", i + 1);
	}
}

static void print_cut(const struct panel *panel)
{
	FILE *to = panel->picture->to;
	unsigned x = cut_x(panel), top = panel->y + HEAD - 14, end = rows_end(panel);

	fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"cut\"/>\n", x, top, x,
		end + 28);
	print_text(to, x, top - 6, "cut", panel->picture->facts->event);
	print_formatted(to, LEFT + STEP * panel->timeline->count + APART, top - 6, "note",
		"in the file afterwards:");
}

static void print_axis(const struct panel *panel)
{
	FILE *to = panel->picture->to;
	unsigned y = rows_end(panel) + 36, end = LEFT + STEP * panel->timeline->count;

	fprintf(to, "<path d=\"M%u %u H%u m-7 -4 l7 4 l-7 4\" class=\"axis\"/>\n", LEFT, y, end);
	print_text(to, 16, y + 5, "note", "time, event by event");
}

/* ---- the list below the rows */

/* Is there more than one thread? Stores that are found after the program's end have no thread. */
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
		print_text(to, 44, y, "item lost", column->is_early ? "lost, early" : "lost");
	else if (column->is_early)
		print_text(to, 44, y, "item early", "early");
}

/* Prints as much of the call stack as there is room for. */
static void print_calls(const struct panel *panel, unsigned x, unsigned y, const char *kind,
	const struct event *event)
{
	const struct trace *trace = &panel->picture->facts->findings->run->trace;
	char *calls = place_words(trace, event->stack);
	int room = (int)((panel->picture->width - 16 - x) / LETTER);
	bool is_long = calls && (int)strlen(calls) > room;

	print_formatted(panel->picture->to, x, y, kind, "%.*s%s", is_long ? room - 1 : room, calls,
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

	event_words(event, what, sizeof(what));
	print_formatted(to, 16, y, kind, "%u", number + 1);
	print_role(panel, column, y);
	print_text(to, 130, y, kind, what);
	if (place_file(event->place) && event->length && event->kind != EVENT_NAMES)
		print_formatted(to, 260, y, kind, "%.12s+%#llx",
			file_base_name(trace, place_file(event->place)),
			(unsigned long long)place_offset(event->place));
	if (has_threads(panel->timeline)) {
		if (event->thread)
			print_formatted(to, x, y, kind, "thread %u", event->thread);
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
			print_formatted(
				to, 130, y, "item lost", "%s: later events did not happen", event);
			y += LINE;
		}
		print_item(panel, i, y);
	}
	if (count && cut == count) {
		print_formatted(to, 130, y, "item lost", "%s after the program's end", event);
		y += LINE;
	}
	print_formatted(to, 16, y + 8, "repair", "Repair: %s", panel->bug->repair);
}

static void print_head(const struct panel *panel)
{
	const struct fact_bug *bug = panel->bug;
	const struct facts *facts = panel->picture->facts;

	print_formatted(panel->picture->to, 16, panel->y + 32, "title", "BUG %llu: %s",
		(unsigned long long)bug->number, bug->name);
	print_formatted(panel->picture->to, 16, panel->y + 54, "note",
		"%s, %s model: %llu of %llu images fail: %s%s%.60s", facts->event, facts->model,
		(unsigned long long)bug->failing, (unsigned long long)bug->images, bug->status,
		bug->output ? ": " : "", bug->output ? bug->output : "");
}

static void print_panel(const struct panel *panel)
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
		print_text(to, 16, panel->y + HEAD, "note", "No single store is to blame.");
	}
	print_list(panel);
	fprintf(to, "</g>\n");
}

/* ---- the whole picture */

static const char style[] =
	"<style>\n"
	"text{font:13px sans-serif;fill:#111827}.title{font-size:18px;font-weight:bold}\n"
	".note{fill:#4b5563}.name{font:bold 13px monospace}.item{font:12px monospace}\n"
	".repair{font-weight:bold}.digit,.skipped,.lost,.early,text.cut{text-anchor:middle}\n"
	".digit{font-size:11px}.skipped{font-size:11px;fill:#6b7280}\n"
	".item,.outcome,.key{text-anchor:start}\n"
	".lost,.early{paint-order:stroke}text.lost,text.early{stroke:#fff;stroke-width:4px}\n"
	"text.lost,text.cut{fill:#b91c1c;font-weight:bold}text.early{fill:#6d28d9;font-weight:bold}\n"
	".clean{fill:#d1d5db}.pending{fill:url(#hatch);stroke:#c2410c}\n"
	".flushed{fill:#fde68a;stroke:#b45309}.durable{fill:#16a34a;stroke:#166534}\n"
	".store{fill:#111827;stroke:#fff}.found{fill:#fff;stroke:#111827;stroke-width:3}\n"
	".flush,.sync{fill:#2563eb;stroke:#fff}.drain{stroke:#2563eb;stroke-width:4}\n"
	".vain{stroke-width:1.5;stroke-dasharray:2 3}.ring{fill:none;stroke-width:3}\n"
	".ring.lost{stroke:#dc2626}.ring.early{stroke:#7c3aed}\n"
	".cut{stroke:#dc2626;stroke-width:3;stroke-dasharray:8 5}text.cut{stroke:none}\n"
	".number{fill:#fff;stroke:#6b7280}.axis{fill:none;stroke:#6b7280}.pale{opacity:.35}\n"
	".frame{fill:none;stroke:#e5e7eb}\n"
	"</style>\n"
	"<defs><pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" fill=\"#fff7ed\"/>"
	"<rect width=\"2.5\" height=\"7\" fill=\"#fb923c\"/></pattern></defs>\n";

static void print_key(FILE *to, unsigned x, unsigned y, enum mark mark, const char *words)
{
	print_mark(to, mark, x + 15, y - 5);
	if (mark == MARK_DRAIN)
		fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"drain\"/>\n",
			x + 15, y - 16, x + 15, y + 6);
	print_text(to, x + 38, y, "key", words);
}

static void print_state_key(
	FILE *to, unsigned x, unsigned y, enum line_state state, const char *words)
{
	print_bar(to, state, x, x + 30, y - 5, false);
	print_text(to, x + 38, y, "key", words);
}

static void print_legend(const struct picture *picture, unsigned y)
{
	FILE *to = picture->to;
	unsigned right = picture->width / 2;

	fprintf(to,
		"<g class=\"legend\">\n<rect x=\"8\" y=\"%u\" width=\"%u\" height=\"%u\" "
		"class=\"frame\"/>\n",
		y, picture->width - 16, LEGEND - 12);
	print_key(to, 20, y + 26, MARK_STORE, "a store, recorded when it happened");
	print_key(
		to, 20, y + 54, MARK_FOUND, "a store found by comparing: it happened before this");
	print_key(to, 20, y + 82, MARK_FLUSH, "a flush: the line's present bytes wait for a drain");
	print_key(
		to, 20, y + 110, MARK_SYNC, "msync or a similar call, or clflush: durable at once");
	print_key(
		to, 20, y + 138, MARK_DRAIN, "a drain: bytes that its thread flushed are durable");
	fprintf(to, "<line x1=\"35\" y1=\"%u\" x2=\"35\" y2=\"%u\" class=\"drain vain\"/>\n",
		y + 150, y + 172);
	print_text(to, 58, y + 166, "key",
		"a drain without effect: of another thread, or nothing flushed");
	print_state_key(to, right, y + 26, LINE_CLEAN, "clean: nothing was stored yet");
	print_state_key(to, right, y + 54, LINE_PENDING,
		"stored, not flushed: may or may not be in the file");
	print_state_key(to, right, y + 82, LINE_FLUSHED,
		"flushed, not drained: may or may not be in the file");
	print_state_key(to, right, y + 110, LINE_DURABLE, "durable: cannot be lost any more");
	fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"cut\"/>\n", right + 15,
		y + 122, right + 15, y + 148);
	print_text(to, right + 38, y + 138, "key", "the crash; pale events would have followed");
	print_text(to, right + 38, y + 166, "key", "events that are left out, and their number");
	print_text(to, right + 15, y + 166, "skipped", "…9…");
	fprintf(to, "</g>\n");
}

static void print_picture(const struct picture *picture)
{
	FILE *to = picture->to;
	unsigned y = 0;

	fprintf(to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\">\n<title>holdfast crash: %u bugs</title>\n%s"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		picture->width, picture->height, picture->width, picture->height,
		picture->facts->bug_count, style);
	for (unsigned i = 0; i < picture->facts->bug_count; i++) {
		struct panel panel = {picture, &picture->facts->bugs[i], &picture->timelines[i], y};
		print_panel(&panel);
		y += panel_height(panel.timeline);
	}
	if (picture->facts->bug_count)
		print_legend(picture, y);
	else
		print_text(to, 16, 32, "title", "No bug was found.");
	fprintf(to, "</svg>\n");
}

static int make_timelines(struct picture *picture, struct memories *memories)
{
	const struct findings *findings = picture->facts->findings;
	int error = picture->timelines ? 0 : -1;

	for (unsigned i = 0; i < picture->facts->bug_count && !error; i++) {
		struct timeline *timeline = &picture->timelines[i];
		error = timeline_make(&findings->run->trace, memories,
			findings->options->explore.model, &findings->explored->bugs[i], timeline);
		unsigned width = LEFT + STEP * timeline->count + RIGHT;
		picture->width = width > picture->width ? width : picture->width;
		picture->height += panel_height(timeline);
	}
	return error;
}

bool report_svg(const struct facts *facts, struct memories *memories, FILE *to)
{
	struct picture picture = {.to = to,
		.facts = facts,
		.timelines = calloc(facts->bug_count + 1u, sizeof(*picture.timelines)),
		.width = LEAST,
		.height = facts->bug_count ? LEGEND : 60};
	int error = make_timelines(&picture, memories);

	if (!error)
		print_picture(&picture);
	for (unsigned i = 0; picture.timelines && i < facts->bug_count; i++)
		timeline_free(&picture.timelines[i]);
	free(picture.timelines);
	return !error && !ferror(to);
}
