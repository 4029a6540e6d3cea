/* SPDX-License-Identifier: BSD-3-Clause */
/* svg.h - declarations for the files that draw pictures of bugs: svg.c, svg_panel.c, svg_mark.c */
#ifndef HOLDFAST_CRASH_SVG_H
#define HOLDFAST_CRASH_SVG_H

#include "crash/timeline.h"
#include "facts.h"

#define STEP   72u /* distance between two columns */
#define LEFT   190u
#define RIGHT  260u
#define APART  52u   /* distance from the rows to the check's result */
#define LEAST  1040u /* minimum width of the picture */
#define ROW    86u
#define HEAD   104u /* height of the title above the rows of a bug */
#define LINE   19u  /* height of a line of text */
#define LETTER 7.3  /* average width of a letter in the list below the rows */
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

/* svg_mark.c: print texts, bars and marks. `kind` is a CSS class that svg.c defines. */
void svg_text(FILE *to, unsigned x, unsigned y, const char *kind, const char *words);
void svg_formatted(FILE *to, unsigned x, unsigned y, const char *kind, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));
void svg_mark(FILE *to, enum mark mark, unsigned x, unsigned y);
enum mark svg_mark_of(const struct event *event);
/* Describe an event in a few words. */
void svg_event_words(const struct event *event, char *words, size_t size);
/* Draw the part of a row's bar from `x` to `end`, where the cache line is in this state. */
void svg_bar(FILE *to, enum line_state state, unsigned x, unsigned end, unsigned y, bool is_pale);

/* functions of svg_panel.c */
unsigned svg_panel_height(const struct timeline *timeline);
void svg_panel(const struct panel *panel);

#endif
