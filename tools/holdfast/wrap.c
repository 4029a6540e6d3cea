/* SPDX-License-Identifier: BSD-3-Clause */
/* wrap.c - print text in lines of 80 columns */
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define WIDTH 80

/*
 * Returns how many bytes of a word fit into `room` columns. A word is only divided after a comma.
 */
static size_t piece(const char *word, size_t length, size_t room)
{
	size_t best = 0;

	if (length <= room)
		return length;
	for (size_t i = 0; i < length && i < room; i++)
		if (word[i] == ',' && i + 1 < length)
			best = i + 1;
	return best;
}

struct line {
	size_t indent; /* column at which all lines but the first begin */
	size_t column;
	bool is_fresh; /* true until the line gets its first word of the text */
};

static void next_line(struct line *line)
{
	printf("\n%*s", (int)line->indent, "");
	line->column = line->indent;
	line->is_fresh = true;
}

/*
 * Prints a word. If the word is too long for any line, prints its first part on the current line,
 * if it can be divided at a comma.
 */
static void put_word(struct line *line, const char *word, size_t length)
{
	size_t space = line->is_fresh ? 0 : 1;

	while (length) {
		size_t taken = line->column + space;
		size_t room = taken < WIDTH ? WIDTH - taken : 0;
		bool fits_nowhere = length > WIDTH - line->indent;
		size_t part = length <= room || fits_nowhere ? piece(word, length, room) : 0;
		if (!part && line->is_fresh && line->column <= line->indent)
			part = length; /* longer than the line */
		if (part) {
			printf("%*s%.*s", (int)space, "", (int)part, word);
			line->column = taken + part;
			line->is_fresh = false;
			word += part;
			length -= part;
		}
		if (length)
			next_line(line);
		space = 0;
	}
}

void wrap(const char *first, size_t indent, const char *text, size_t length)
{
	struct line line = {indent, (size_t)printf("%s", first), true};

	for (size_t at = 0; at < length;) {
		size_t word = strcspn(text + at, " \n");
		if (word > length - at)
			word = length - at;
		if (word)
			put_word(&line, text + at, word);
		at += word;
		at += strspn(text + at, " \n");
	}
	putchar('\n');
}

void wrap_lines(size_t indent, size_t hanging, const char *text)
{
	char first[32];

	snprintf(first, sizeof(first), "%*s", (int)indent, "");
	while (*text) {
		size_t length = strcspn(text, "\n");
		wrap(first, hanging, text, length);
		text += length;
		text += *text == '\n';
	}
}
