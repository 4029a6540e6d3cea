/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c - memory, or the end of the program with an error message */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static void *must_have(void *memory)
{
	if (!memory) {
		fprintf(stderr, "holdfast: no memory\n");
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
