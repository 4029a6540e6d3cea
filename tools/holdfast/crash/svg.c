/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * svg.c - draws a picture of each bug: time runs to the right, and each cache line of a file that
 * the bug concerns has a row
 *
 * A bar along the row shows the state of the cache line: clean, pending, flushed or durable. Marks
 * on the bar are stores, flushes and drains, each with a number that the list below the rows
 * explains. The crash is drawn as a vertical line through all rows. Events that would have followed
 * the crash are pale.
 */
#include <stdlib.h>

#include "svg.h"

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
	svg_mark(to, mark, x + 15, y - 5);
	if (mark == MARK_DRAIN)
		fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"drain\"/>\n",
			x + 15, y - 16, x + 15, y + 6);
	svg_text(to, x + 38, y, "key", words);
}

static void print_state_key(
	FILE *to, unsigned x, unsigned y, enum line_state state, const char *words)
{
	svg_bar(to, state, x, x + 30, y - 5, false);
	svg_text(to, x + 38, y, "key", words);
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
	print_key(to, 20, y + 54, MARK_FOUND,
		"a store found by comparing: it happened before this mark");
	print_key(
		to, 20, y + 82, MARK_FLUSH, "a flush: the bytes of the line now wait for a drain");
	print_key(
		to, 20, y + 110, MARK_SYNC, "msync or a similar call, or clflush: durable at once");
	print_key(
		to, 20, y + 138, MARK_DRAIN, "a drain: bytes that its thread flushed are durable");
	fprintf(to, "<line x1=\"35\" y1=\"%u\" x2=\"35\" y2=\"%u\" class=\"drain vain\"/>\n",
		y + 150, y + 172);
	svg_text(to, 58, y + 166, "key",
		"a drain without effect: its thread has flushed nothing here");
	print_state_key(to, right, y + 26, LINE_CLEAN, "clean: nothing was stored yet");
	print_state_key(to, right, y + 54, LINE_PENDING,
		"stored, not flushed: may or may not be in the file");
	print_state_key(to, right, y + 82, LINE_FLUSHED,
		"flushed, not drained: may or may not be in the file");
	print_state_key(to, right, y + 110, LINE_DURABLE, "durable: cannot be lost any more");
	fprintf(to, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\" class=\"cut\"/>\n", right + 15,
		y + 122, right + 15, y + 148);
	svg_text(to, right + 38, y + 138, "key", "the crash; the pale events did not happen");
	svg_text(to, right + 38, y + 166, "key", "events that are not drawn, and their number");
	svg_text(to, right + 15, y + 166, "skipped", "…9…");
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
		svg_panel(&panel);
		y += svg_panel_height(panel.timeline);
	}
	if (picture->facts->bug_count)
		print_legend(picture, y);
	else
		svg_text(to, 16, 32, "title", "No bug was found.");
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
		picture->height += svg_panel_height(timeline);
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
