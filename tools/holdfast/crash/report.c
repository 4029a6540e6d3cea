/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - writes the facts as text */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"

#define COLUMNS 80

/*
 * Returns where to break a line so that its first part fits into `room` columns: after a call of a
 * call stack, or at two blanks; with `anywhere`, at any blank. Returns 0 if there is no such place.
 */
static size_t place_to_break(const char *text, size_t room, bool anywhere)
{
	size_t found = 0;

	for (size_t i = 1; i <= room && text[i]; i++)
		if (text[i] == ' ' && text[i - 1] != ' ' &&
			(anywhere || text[i - 1] == '<' || text[i + 1] == ' '))
			found = i;
	return found;
}

/* Prints lines of at most 80 columns; all but the first are indented by `indent`. */
static void print_lines(FILE *to, const char *text, size_t indent)
{
	size_t room = COLUMNS;

	while (strlen(text) > room) {
		size_t end = place_to_break(text, room, false);
		if (end < indent)
			end = place_to_break(text, room, true);
		if (end < indent)
			end = indent + strcspn(text + indent, " ");
		fprintf(to, "%.*s\n%*s", (int)end, text, (int)indent, "");
		text += end + strspn(text + end, " ");
		room = COLUMNS - indent;
		indent = indent < room ? indent : 0;
	}
	fprintf(to, "%s\n", text);
}

static void print_formatted(FILE *to, size_t indent, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

static void print_formatted(FILE *to, size_t indent, const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		print_lines(to, text, indent);
	free(text);
}

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_VIOLET };

struct text {
	FILE *to;
	bool is_coloured;
};

static void set_colour(const struct text *text, enum colour colour)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "\033[0m",
		[COLOUR_RED] = "\033[1;31m",
		[COLOUR_GREEN] = "\033[32m",
		[COLOUR_VIOLET] = "\033[35m",
	};

	if (text->is_coloured)
		fputs(codes[colour], text->to);
}

static void print_store(const struct text *text, const char *role, const struct fact_store *store)
{
	if (!store->is_there)
		return;
	char *place = fact_place_words(store);
	set_colour(text, role[0] == 'l' ? COLOUR_RED : COLOUR_VIOLET);
	print_formatted(text->to, 16, "  %-6s %3llu B  %s%s  %s  %s", role,
		(unsigned long long)store->length, store->is_found ? "found at " : "", store->words,
		place, store->state);
	free(place);
	set_colour(text, COLOUR_NONE);
}

static void print_bug(
	const struct text *text, const struct facts *facts, const struct fact_bug *bug)
{
	set_colour(text, COLOUR_RED);
	print_formatted(text->to, 7, "BUG %llu  %s   %s, %s   %llu of %llu images fail: %s%s%s%s",
		(unsigned long long)bug->number, bug->name, facts->event, facts->model,
		(unsigned long long)bug->failing, (unsigned long long)bug->images, bug->status,
		bug->output ? ", \"" : "", bug->output ? bug->output : "", bug->output ? "\"" : "");
	set_colour(text, COLOUR_NONE);
	print_store(text, "lost", &bug->lost);
	print_store(text, "early", &bug->early);
	if (bug->is_at_end)
		fprintf(text->to, "  crash         after the end of the program\n");
	else
		print_formatted(text->to, 16, "  crash         before %s", bug->crash_words);
	set_colour(text, COLOUR_GREEN);
	print_formatted(text->to, 16, "  repair        %s", bug->repair);
	set_colour(text, COLOUR_NONE);
	if (bug->again)
		fprintf(text->to, "  again         %s\n", bug->again);
}

static void print_blind_spots(const struct facts *facts, FILE *to)
{
	fprintf(to, "not seen:\n");
	if (!facts->is_blind)
		fprintf(to, "  nothing, as far as is known\n");
	for (unsigned i = 0; i < facts->blind.count; i++)
		print_formatted(to, 4, "  %s", facts->blind.words[i]);
	if (facts->how)
		print_formatted(to, 2, "%s", facts->how);
}

void report_text(const struct facts *facts, bool is_coloured, FILE *to)
{
	struct text text = {to, is_coloured};

	if (facts->accepts_anything)
		fprintf(to, "the check accepted even an empty file: it may check nothing\n");
	print_formatted(to, 2, "%s", facts->level_words);
	print_formatted(to, 2,
		"%s model; %llu crash points, %llu of %llu signatures covered, %llu images in %.1f s%s",
		facts->model, (unsigned long long)facts->points, (unsigned long long)facts->covered,
		(unsigned long long)facts->signatures, (unsigned long long)facts->images,
		facts->seconds, facts->was_ended ? ", ended by a limit" : "");
	if (facts->probes.words)
		print_formatted(to, 2, "%s", facts->probes.words);
	for (unsigned i = 0; i < facts->bug_count; i++)
		print_bug(&text, facts, &facts->bugs[i]);
	print_blind_spots(facts, to);
}
