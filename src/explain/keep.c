/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/keep.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	struct kept *before;
	max_align_t contents[];
};

void *keep_new(struct keep *keep, size_t size)
{
	struct kept *kept = calloc(1, sizeof(*kept) + size);

	if (!kept) {
		keep->failed = true;
		return NULL;
	}
	kept->before = keep->last;
	keep->last = kept;
	return kept->contents;
}

const char *keep_text(struct keep *keep, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int length = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *text = length < 0 ? NULL : keep_new(keep, (size_t)length + 1);
	if (!text) {
		keep->failed = true;
		return "";
	}
	va_start(ap, format);
	vsnprintf(text, (size_t)length + 1, format, ap);
	va_end(ap);
	return text;
}

const char *keep_copy(struct keep *keep, const char *text)
{
	if (!text)
		return NULL;
	char *copy = keep_new(keep, strlen(text) + 1);
	return copy ? strcpy(copy, text) : "";
}

/* Lists are short: what they outgrow is kept until the end. */
void keep_append(struct keep *keep, struct keep_list *list, const void *item)
{
	const void **items = keep_new(keep, (list->count + 1) * sizeof(*items));

	if (!items || !item)
		return;
	if (list->count)
		memcpy(items, list->items, list->count * sizeof(*items));
	items[list->count] = item;
	*list = (struct keep_list){items, list->count + 1};
}

void keep_fini(struct keep *keep)
{
	for (struct kept *kept = keep->last, *before; kept; kept = before) {
		before = kept->before;
		free(kept);
	}
}
