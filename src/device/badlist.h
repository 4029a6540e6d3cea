/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badlist.h - lists of bad blocks: read them from an attribute of sysfs, and cut out or move
 * ranges
 */
#ifndef DEVICE_BADLIST_H
#define DEVICE_BADLIST_H

#include <stdint.h>

#include "device/badblock.h"

/* Append a bad block to the list. Returns 0, or -ENOMEM with a message. */
int badlist_add(struct badblocks *blocks, uint64_t offset, uint64_t length);

/*
 * Append the bad blocks in the attribute `badblocks` of a sysfs directory, converted from sectors
 * to bytes. Returns 0 or -errno (-EBADMSG if the attribute is malformed). Sets no error message.
 */
int badlist_read(struct badblocks *blocks, int dir);

/*
 * Keep only the parts of the list in [from, from + length), and make their offsets relative to
 * `from`.
 */
void badlist_clip(struct badblocks *blocks, uint64_t from, uint64_t length);

/* Returns true if every byte of [offset, offset + length) is in a block of the list. */
bool badlist_covers(const struct badblocks *blocks, uint64_t offset, uint64_t length);

#endif
