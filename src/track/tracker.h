/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracker.h - which bytes of the address space are known to be persistent memory, and which kind
 *
 * A range ends with the last byte that the program asked for, not with its page. Ranges never
 * overlap: a new mapping replaces what was known of its pages, since the program may have unmapped
 * them without telling the library. Unmapping trims, divides or removes ranges.
 *
 * Look-ups are much more frequent than changes, and many threads make them at once. Changes and
 * tracker_find() share a mutex. tracker_covers() takes no lock and writes nothing to memory: it
 * searches a published copy, sorted and with adjacent ranges joined, and tries again if the copy
 * changed meanwhile.
 */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

struct tracked {
	uintptr_t from, to; /* the range is [from, to) */
	bool is_pmem;       /* CPU instructions make stores durable here */
	struct device device;
};

/* Call once, before any other function. The child of a fork keeps all ranges. 0 or -errno. */
int tracker_init(void);

/* Add a range. On -ENOMEM, with an error message, nothing has changed. */
int tracker_add(const struct tracked *range);

/*
 * Remove [from, to) from the tracked ranges, after something else was mapped there. Returns 0, or
 * -ENOMEM with an error message.
 */
int tracker_forget(uintptr_t from, uintptr_t to);

/*
 * munmap(2), and forget [addr, addr + length) with its last page, under one lock: no new mapping
 * of these addresses can be tracked in between. 0, or -errno with an error message and nothing
 * changed.
 */
int tracker_unmap(void *addr, size_t length);

/* True if each byte of [from, to) lies in persistent memory; false for from >= to. */
bool tracker_covers(uintptr_t from, uintptr_t to);

/* Find the first range that has a byte in [from, to). False if no range has one. */
bool tracker_find(uintptr_t from, uintptr_t to, struct tracked *found);

#endif
