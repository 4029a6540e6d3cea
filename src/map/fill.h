/* SPDX-License-Identifier: BSD-3-Clause */
/* fill.h - replace reserved address space by the real mapping */
#ifndef MAP_FILL_H
#define MAP_FILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The file, device or memory to map. A negative fd stands for memory without a file. */
struct fill {
	int fd;
	const char *name; /* name of the file, for messages; NULL: the descriptor's number */
	off_t offset;
	size_t length;
	size_t alignment; /* alignment of the source, a power of two */
	int protection;   /* PROT_* */
	bool is_private;
};

/*
 * Map the file, device or memory over the reserved space at `addr`. *sync tells whether the kernel
 * accepted MAP_SYNC, which is tried for every shared mapping of a file or device. Returns 0, or a
 * code of pmem2_map_new() with an error message; the space is then reserved as before.
 */
int fill_place(char *addr, const struct fill *fill, bool *sync);

/*
 * Reserve whole pages as place_reserve() does, at a multiple of place_alignment(), and map there.
 * Takes the first free space from `*hint` on; if `hint` is NULL, any free space. After a failure
 * nothing is reserved or mapped.
 */
int fill_new_place(char **addr, const struct fill *fill, const uintptr_t *hint, bool *sync);

/*
 * Find out whether the kernel allows a shared mapping of this file or device, and one with
 * MAP_SYNC: maps the first page (or unit of a DAX device) somewhere else for a moment. Returns 0,
 * or a code of pmem2_map_new() with an error message.
 */
int fill_try(const struct fill *fill, bool *sync);

#endif
