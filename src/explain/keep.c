/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/keep.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

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

/* Write the formatted text to `to`, unless `to` is NULL. Returns the length of the text. */
static size_t put_text(char *to, const char *format, va_list ap)
{
	size_t length = 0;

	while (*format) {
		bool is_argument = format[0] == '%' && format[1] == 's';
		const char *piece = is_argument ? va_arg(ap, const char *) : format;
		size_t size = is_argument ? strlen(piece) : 1 + strcspn(format + 1, "%");
		if (to)
			memcpy(to + length, piece, size);
		length += size;
		format += is_argument ? 2 : size;
	}
	return length;
}

const char *keep_text(struct keep *keep, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	char *text = keep_new(keep, put_text(NULL, format, ap) + 1); /* zeroed */
	va_end(ap);
	if (!text)
		return "";
	va_start(ap, format);
	put_text(text, format, ap);
	va_end(ap);
	printable(text);
	return text;
}

const char *keep_copy(struct keep *keep, const char *text)
{
	if (!text)
		return NULL;
	char *copy = keep_new(keep, strlen(text) + 1);
	return copy ? strcpy(copy, text) : "";
}

/*
 * Append an item by copying the list to a new array. Lists are short, so old arrays are freed only
 * at the end.
 */
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
