/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layout.h - which parts a pool has now: a set's files and devices, or what is in its directories
 *
 * In a directory, parts are files 000000.pmem, 000001.pmem and so on, numbered over all directories
 * of the set, in which a pool grows as far as the sizes in the set allow.
 */
#ifndef POOL_LAYOUT_H
#define POOL_LAYOUT_H

#include "pool/part.h"
#include "pool/set.h"

struct layout_part {
	char *path;
	size_t size; /* of the file, in bytes */
	bool is_auto;
	unsigned long number; /* in directories: of the file */
	size_t entry;         /* of the set, that it comes from */
};

struct layout {
	struct layout_part *parts; /* in order */
	size_t count;
	size_t existing; /* of them are there; of a new pool, none is known to be */
	bool in_directories;
};

/* The parts that a new pool of `size` bytes is to have. 0 or -errno with a sentence. */
int layout_new(struct layout *layout, const struct pool_set *set, size_t size);

/*
 * Those that are there; and, in directories, those that a pool must be given to have `size` bytes:
 * from `existing` on, they are to be made. -ENOENT if there is no pool: the first part is missing
 * in a directory that is there. If a directory is missing, opening the part tells.
 */
int layout_existing(struct layout *layout, const struct pool_set *set, size_t size);

/* Those that are there, to be removed. By force, the first one need not be there, either. */
int layout_to_remove(struct layout *layout, const struct pool_set *set, bool force);

void layout_fini(struct layout *layout);

#endif
