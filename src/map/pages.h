/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages.h - whole pages, and writing them back: the only caller of msync(2) in the project
 *
 * Streaming stores of this thread are drained before the kernel is asked: otherwise the kernel
 * could read a page before a store has left the CPU's buffers (N6 of map/writeback.h). A call that
 * a signal interrupts is repeated.
 */
#ifndef MAP_PAGES_H
#define MAP_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map/ranges.h"

/* The length rounded up to whole pages, or 0 if that overflows. */
size_t pages_round_up(size_t length);

/*
 * The pages that [addr, addr + len) touches. If the range wraps around or ends in the last page,
 * the result extends to the end of the address space.
 */
struct range pages_touched(uintptr_t addr, size_t len);

/* The number of pages in a range of whole pages. */
size_t pages_number(struct range range);

/* True if each page of the range is mapped, or if that cannot be found out. */
bool pages_are_mapped(struct range range);

/*
 * Write back the pages that a range touches, and wait until they are durable. An empty range does
 * nothing. The kernel gets the start of the first page and the end of the range. Not for device
 * DAX, which has no pages to write. Returns 0 or -errno, without a message and with errno set.
 * Callers should use file_sync(), which knows of earlier failures of the file, too.
 */
int pages_sync(struct range range);

#endif
