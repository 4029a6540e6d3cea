/* SPDX-License-Identifier: BSD-3-Clause */
/* badlist.h - lists of bad blocks: read from an attribute, cut out, shifted */
#ifndef DEVICE_BADLIST_H
#define DEVICE_BADLIST_H

#include <stdint.h>

#include "device/badblock.h"

/* Append. 0 or -ENOMEM with a sentence. */
int badlist_add(struct badblocks *blocks, uint64_t offset, uint64_t length);

/*
 * Append what the attribute `badblocks` of a directory lists, in bytes. -errno, -EBADMSG if it is
 * malformed; no sentence.
 */
int badlist_read(struct badblocks *blocks, int dir);

/* Keep what lies in [from, from + length), relative to `from`. */
void badlist_clip(struct badblocks *blocks, uint64_t from, uint64_t length);

/* Whether every byte of [offset, offset + length) is in a block of the list. */
bool badlist_covers(const struct badblocks *blocks, uint64_t offset, uint64_t length);

#endif
