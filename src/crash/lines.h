/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.h - the set of lines that pending stores touch. A zeroed struct is an empty set. */
#ifndef CRASH_LINES_H
#define CRASH_LINES_H

#include "crash/table.h"

struct lines {
	struct line {
		uint64_t place;
		uint64_t stores; /* number of pending stores that touch the line */
	} * list;
	uint32_t count, capacity;
	struct table slots; /* index in the list, by place */
};

/* Count one more store to the line that begins at `place`, or one less. False: no memory. */
bool lines_add(struct lines *lines, uint64_t place);
void lines_remove(struct lines *lines, uint64_t place);
void lines_fini(struct lines *lines);

#endif
