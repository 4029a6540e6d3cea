/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acceptance.h - failed write-backs that the program knows of (W7 and W9 of writeback_failure.h)
 *
 * A range of addresses is *accepted* if the program has acknowledged that stores to it may be
 * lost; stores to it may be called durable again once they are written back. A range is *told* if
 * a call has returned an error for it or a handler has been called for it. Both states apply to
 * failures up to an epoch (failed_files.h), and only in this process: a forked child starts
 * without them. A range is a *new map* if it was mapped after the failures up to an epoch. Those
 * failures count as accepted for the range, also in forked children.
 *
 * Locks: one, for look-ups and changes; nothing is called with it held.
 */
#ifndef MAP_ACCEPTANCE_H
#define MAP_ACCEPTANCE_H

#include <stdbool.h>

#include "map/file_id.h"
#include "map/ranges.h"

/* Call once, when the library is loaded: registers handlers for fork. Returns 0 or -ENOMEM. */
int acceptance_init(void);

void acceptance_add(struct file_id file, struct range range, uint64_t epoch);
void acceptance_add_new_map(struct file_id file, struct range range, uint64_t epoch);
void acceptance_add_told(struct file_id file, struct range range, uint64_t epoch);

/*
 * Remove a range that is about to be unmapped from all sets: an older map may be moved to these
 * addresses later by mremap(2).
 */
void acceptance_forget(struct range range);

/*
 * True if the program has accepted (or, for the second function, was told of) the failures up to
 * this epoch for all of the range.
 */
bool acceptance_covers(struct file_id file, struct range range, uint64_t epoch);
bool acceptance_was_told(struct file_id file, struct range range, uint64_t epoch);

#endif
