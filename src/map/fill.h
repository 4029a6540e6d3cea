/* SPDX-License-Identifier: BSD-3-Clause */
/* fill.h - replace a reserved place by the real mapping */
#ifndef MAP_FILL_H
#define MAP_FILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The contents of a place. A negative fd stands for memory without a file. */
struct fill {
	int fd;
	const char *name; /* of the file, for messages; NULL: the descriptor's number */
	off_t offset;
	size_t length;
	size_t alignment; /* of the source, a power of two */
	int protection;   /* PROT_* */
	bool is_private;
};

/*
 * Map it over what is at `addr`, which the caller has reserved. *sync tells whether the kernel
 * took MAP_SYNC, which is tried for every shared mapping of a file or device. 0, or a code of
 * pmem2_map_new() with a sentence, and then the place is as it was.
 */
int fill_place(char *addr, const struct fill *fill, bool *sync);

/*
 * The same in a place of its own, whole pages at a multiple of place_alignment(): the first free
 * one from `*hint` on, or with NULL any one. Nothing is left behind on failure.
 */
int fill_new_place(char **addr, const struct fill *fill, const uintptr_t *hint, bool *sync);

/*
 * Whether the kernel maps this shared at all, and with MAP_SYNC: tried on the first page (or unit
 * of a DAX device), somewhere else, for a moment. 0, or a code of pmem2_map_new() with a sentence.
 */
int fill_try(const struct fill *fill, bool *sync);

#endif
