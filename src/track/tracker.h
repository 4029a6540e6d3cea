/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracker.h - which bytes of the address space are known to be persistent memory, and of what
 *
 * A range ends with the last byte that was asked for, not with its page. Ranges never overlap: a
 * new mapping replaces what was known of its pages, for whoever unmapped behind our back has made
 * that stale. Unmapping trims, splits or removes.
 *
 * Questions are asked much more often than answers change, by many threads at once. Changes and
 * tracker_find() share a mutex. tracker_covers() takes no lock and writes nothing to memory: it
 * searches a published copy, sorted and with adjacent ranges joined, and tries again in case the
 * copy changed meanwhile.
 */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/device.h"

struct tracked {
	uintptr_t from, to; /* [from, to) */
	bool is_pmem;       /* CPU instructions make stores durable here */
	struct device device;
};

/* Before any other call, once. Arranges for fork: the child keeps all ranges. 0 or -errno. */
int tracker_init(void);

/* 0, or -ENOMEM with a sentence, and then it is as before. */
int tracker_add(const struct tracked *range);

/* Nothing is known any more of [from, to), which has just been mapped. 0 or -ENOMEM likewise. */
int tracker_forget(uintptr_t from, uintptr_t to);

/*
 * munmap(2), and forget [addr, addr + length) with its last page. Nobody can be given the addresses
 * and have them tracked in between. 0 or -errno with a sentence, and then it is as before.
 */
int tracker_unmap(void *addr, size_t length);

/* Whether every byte of [from, to) lies in ranges that are pmem; false for from >= to. */
bool tracker_covers(uintptr_t from, uintptr_t to);

/* The first range that has a byte in [from, to). */
bool tracker_find(uintptr_t from, uintptr_t to, struct tracked *found);

#endif
