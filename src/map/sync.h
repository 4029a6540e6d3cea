/* SPDX-License-Identifier: BSD-3-Clause */
/* sync.h - write pages back now */
#ifndef MAP_SYNC_H
#define MAP_SYNC_H

#include <stddef.h>
#include <stdint.h>

/* [from, to); whole pages unless said otherwise. */
struct range {
	uintptr_t from, to;
};

/* The pages that [addr, addr + len) touches; what wraps around ends with the address space. */
struct range sync_whole_pages(uintptr_t addr, size_t len);

/*
 * Write back those pages that belong to live maps, and return when they are durable. Does not
 * return if that fails: see writeback.h.
 */
void sync_pages(struct range range);

#endif
