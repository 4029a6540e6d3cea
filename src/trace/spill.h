/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spill.h - keep the older part of a long array in a file instead of in memory: the events of a
 * trace, and the links between them (crash/chain.h)
 *
 * The file has no name, and lies in $TMPDIR or /var/tmp. Its pieces are mapped where they lay in
 * memory, so that pointers into the array stay valid. A piece leaves the page cache when it is on
 * the disk, and again when a reader has gone through it. Without such a directory, on a file system
 * that is itself in memory, or after a failed write, the array stays in memory.
 */
#ifndef TRACE_SPILL_H
#define TRACE_SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/event.h"

#define SPILL_PIECE (UINT64_C(1) << 21) /* size of a piece in bytes */
#define SPILL_SLOTS (SPILL_PIECE / EVENT_SLOT)

struct spill {
	enum { SPILL_UNUSED, SPILL_OPEN, SPILL_REFUSED } state;
	int fd;
	uint64_t size;   /* bytes that are in the file, in whole pieces; newer ones are in memory */
	uint64_t behind; /* maximum number of pieces that the kernel may be writing */
};

/*
 * Moves the next piece from memory to the file if there are enough newer bytes. The array, at
 * `array`, has `size` bytes.
 */
void spill_older(struct spill *spill, void *array, uint64_t size);
/*
 * Tell where a reader of the whole array is: spill_begin() when it begins at byte `from`, and
 * spill_pass() when it moves from byte `from` to byte `to`.
 */
void spill_begin(const struct spill *spill, void *array, uint64_t from);
void spill_pass(const struct spill *spill, void *array, uint64_t from, uint64_t to);
/* Does what spill_pass() does, for a reader that also moves backwards or in no order. */
void spill_turn(const struct spill *spill, void *array, uint64_t from, uint64_t to);
void spill_fini(struct spill *spill);

#endif
