/* SPDX-License-Identifier: BSD-3-Clause */
/* svg_mark.c - the texts, bars and marks of a picture */
#include "svg.h"

#include <stdarg.h>
#include <stdlib.h>

void svg_text(FILE *to, unsigned x, unsigned y, const char *kind, const char *words)
{
	fprintf(to, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, kind);
	xml_print(to, words);
	fputs("</text>\n", to);
}

void svg_formatted(FILE *to, unsigned x, unsigned y, const char *kind, const char *format, ...)
{
	char *words = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&words, format, ap) < 0)
		words = NULL;
	va_end(ap);
	/* Clean the words, because they may have been truncated inside a UTF-8 character. */
	svg_text(to, x, y, kind, words_clean(words));
	free(words);
}

/* ---- bars and marks */

static const char *const state_kinds[] = {
	[LINE_CLEAN] = "clean",
	[LINE_PENDING] = "pending",
	[LINE_FLUSHED] = "flushed",
	[LINE_DURABLE] = "durable",
};

enum mark svg_mark_of(const struct event *event)
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

void svg_event_words(const struct event *event, char *words, size_t size)
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

void svg_mark(FILE *to, enum mark mark, unsigned x, unsigned y)
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

void svg_bar(FILE *to, enum line_state state, unsigned from, unsigned end, unsigned y, bool is_pale)
{
	unsigned height = state == LINE_CLEAN ? 2 : 22;

	if (from < end)
		fprintf(to, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"%s%s\"/>\n",
			from, y - height / 2, end - from, height, state_kinds[state],
			is_pale ? " pale" : "");
}

/* ---- bars: a row's bar changes with the state of its cache line, and is pale after the crash */
