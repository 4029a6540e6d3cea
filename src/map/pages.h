/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages.h - whole pages, and writing them back: the only msync(2) of all libraries and programs
 *
 * Before the kernel is asked, what this thread has stored around the caches is drained: else the
 * kernel could read a page before the store has left the CPU's buffers (N6 of map/writeback.h). A
 * call that a signal interrupts is repeated.
 */
#ifndef MAP_PAGES_H
#define MAP_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map/ranges.h"

/* The length rounded up to whole pages, or 0 if it has no such multiple. */
size_t pages_round_up(size_t length);

/*
 * The pages that [addr, addr + len) touches. A range that wraps around, or ends in the last page
 * of all, ends with the address space.
 */
struct range pages_touched(uintptr_t addr, size_t len);

/* Whether each page of the range is mapped. True if it cannot be known. */
bool pages_are_mapped(struct range range);

/*
 * Write back the pages that a range touches, and wait until they are durable; nothing happens for
 * an empty range. The kernel is told the beginning of the first page and the end of the range. Not
 * for device DAX, which has no pages to write. 0 or -errno, without a message and with errno set.
 * file_sync() is what callers want: it knows of earlier failures of the file, too.
 */
int pages_sync(struct range range);

#endif
