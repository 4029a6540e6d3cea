/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keep.h - the memory of one explanation: allocated in many pieces, freed in one
 *
 * A lack of memory is noted and asked for once, at the end: until then whoever fills in an
 * explanation gets NULL, "" or an unchanged list and goes on.
 */
#ifndef EXPLAIN_KEEP_H
#define EXPLAIN_KEEP_H

#include <stdbool.h>
#include <stddef.h>

struct keep {
	struct kept *last;
	bool failed;
};

/* Zeroed, or NULL. */
void *keep_new(struct keep *keep, size_t size);

/*
 * Formatted text for people, or "": control characters are replaced by "?". Of conversions only %s:
 * printf(3) takes more than a KiB of the stack.
 */
const char *keep_text(struct keep *keep, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* A copy, or ""; NULL of NULL. */
const char *keep_copy(struct keep *keep, const char *text);

/* A list that grows: what it points to is not its own. */
struct keep_list {
	const void **items;
	size_t count;
};

void keep_append(struct keep *keep, struct keep_list *list, const void *item);

/* Free all of it. What `keep` itself lies in may be part of it. */
void keep_fini(struct keep *keep);

#endif
