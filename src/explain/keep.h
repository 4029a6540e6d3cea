/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keep.h - the memory of one explanation: allocated in many pieces, freed with one call
 *
 * If memory runs out, keep.failed is set, and functions return NULL or "" or leave a list
 * unchanged. The caller ignores this, continues, and checks keep.failed once, at the end.
 */
#ifndef EXPLAIN_KEEP_H
#define EXPLAIN_KEEP_H

#include <stdbool.h>
#include <stddef.h>

struct keep {
	struct kept *last;
	bool failed;
};

/* Allocate `size` zeroed bytes. Returns NULL if there is no memory. */
void *keep_new(struct keep *keep, size_t size);

/*
 * Make a formatted text for people to read. Returns "" if there is no memory. Control characters
 * are replaced by "?". The only conversion is %s; printf(3) is not called, because it uses more
 * than 1 KiB of stack.
 */
const char *keep_text(struct keep *keep, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Copy a text. Returns NULL if `text` is NULL, "" if there is no memory. */
const char *keep_copy(struct keep *keep, const char *text);

/* A growing list of pointers, which does not own the items. */
struct keep_list {
	const void **items;
	size_t count;
};

void keep_append(struct keep *keep, struct keep_list *list, const void *item);

/* Free all pieces of memory. The struct `keep` may itself be in one of the pieces. */
void keep_fini(struct keep *keep);

#endif
