/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acceptance.h - failed write-backs that the program knows of (W7 and W9 of writeback_failure.h)
 *
 * An *accepted* range is one of which the program has said that it knows; its stores may be called
 * durable again once they are written back. A *told* range is one of which a call has returned an
 * error or a handler has been called. Both hold for the failures up to an epoch, in this process
 * alone: a forked child starts with neither. A *new map* was made after the failures up to an
 * epoch, which is the same as an acceptance, but in children, too.
 *
 * Locks: one, for look-ups and changes; nothing is called with it held.
 */
#ifndef MAP_ACCEPTANCE_H
#define MAP_ACCEPTANCE_H

#include <stdbool.h>

#include "map/file_id.h"
#include "map/ranges.h"

/* Once, when the library is loaded: arrange for fork. 0 or -ENOMEM. */
int acceptance_init(void);

void acceptance_add(struct file_id file, struct range range, uint64_t epoch);
void acceptance_add_new_map(struct file_id file, struct range range, uint64_t epoch);
void acceptance_add_told(struct file_id file, struct range range, uint64_t epoch);

/*
 * The range is about to be unmapped. What comes there later may be an older map, moved by
 * mremap(2).
 */
void acceptance_forget(struct range range);

/* Whether all of the range is known to the program, up to this epoch at least. */
bool acceptance_covers(struct file_id file, struct range range, uint64_t epoch);
bool acceptance_was_told(struct file_id file, struct range range, uint64_t epoch);

#endif
