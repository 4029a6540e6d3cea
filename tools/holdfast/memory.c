/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.c - functions that allocate memory; for lack of memory, they end the program with an error
 * message
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

void (*without_memory)(void);

void *must_have(void *memory)
{
	if (!memory) {
		fprintf(stderr, "holdfast: out of memory\n");
		if (without_memory)
			without_memory();
		exit(OUTCOME_UNKNOWN);
	}
	return memory;
}

char *must_copy(const char *text)
{
	return must_have(text ? strdup(text) : NULL);
}

void *must_make(size_t count, size_t size)
{
	return must_have(calloc(count ? count : 1, size));
}

void *must_grow(void *list, size_t count, size_t size)
{
	return must_have(reallocarray(list, count + 1, size));
}

FILE *collect_begin(struct collected *text)
{
	*text = (struct collected){0};
	text->to = must_have(open_memstream(&text->words, &text->size));
	return text->to;
}

char *collect_end(struct collected *text)
{
	bool is_complete = !ferror(text->to);

	if (fclose(text->to))
		is_complete = false;
	return must_have(is_complete ? text->words : NULL);
}
