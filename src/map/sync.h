/* SPDX-License-Identifier: BSD-3-Clause */
/* sync.h - write pages back now */
#ifndef MAP_SYNC_H
#define MAP_SYNC_H

#include "map/writeback_failure.h"
#include "map/range.h"

/*
 * Write back those of the pages that belong to live maps. When it returns they are durable, but for
 * those that it has added to `failures`.
 */
void sync_pages(struct range pages, struct writeback_failures *failures);

#endif
