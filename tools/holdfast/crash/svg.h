/* SPDX-License-Identifier: BSD-3-Clause */
/* svg.h - shared by the files that draw the picture of a report: svg.c, svg_panel.c, svg_mark.c */
#ifndef HOLDFAST_CRASH_SVG_H
#define HOLDFAST_CRASH_SVG_H

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

enum mark { MARK_STORE, MARK_FOUND, MARK_FLUSH, MARK_SYNC, MARK_DRAIN, MARK_NONE };

/* svg_mark.c: texts, bars and marks. `kind` is a class of the style sheet in svg.c. */
void svg_text(FILE *to, unsigned x, unsigned y, const char *kind, const char *words);
void svg_formatted(FILE *to, unsigned x, unsigned y, const char *kind, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));
void svg_mark(FILE *to, enum mark mark, unsigned x, unsigned y);
enum mark svg_mark_of(const struct event *event);
/* Say in a few words what the event is. */
void svg_event_words(const struct event *event, char *words, size_t size);
/* Draw a part of a row's bar: the line is in this state from x to `end`. */
void svg_bar(FILE *to, enum line_state state, unsigned x, unsigned end, unsigned y, bool is_pale);

/* functions of svg_panel.c */
unsigned svg_panel_height(const struct timeline *timeline);
void svg_panel(const struct panel *panel);

#endif
