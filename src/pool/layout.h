/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layout.h - find the parts that a pool has: the files and devices of its set, or files in
 * directories
 *
 * In a directory, parts are files 000000.pmem, 000001.pmem and so on, numbered over all
 * directories of the set. A pool in directories grows as far as the sizes in the set allow.
 */
#ifndef POOL_LAYOUT_H
#define POOL_LAYOUT_H

#include "pool/part.h"
#include "pool/set.h"

struct layout_part {
	char *path;
	size_t size; /* size of the file, in bytes */
	bool is_auto;
	unsigned long number; /* in directories: the number in the file name */
	size_t entry;         /* index of the set's entry that it comes from */
};

struct layout {
	struct layout_part *parts; /* in the order of the pool */
	size_t count;
	size_t existing; /* parts that exist; 0 for a new pool */
	bool in_directories;
};

/* Plan the parts of a new pool of `size` bytes. Returns 0, or -errno with an error message. */
int layout_new(struct layout *layout, const struct pool_set *set, size_t size);

/*
 * Find the existing parts. If the set has directories, the list continues with the parts that must
 * be made so that the pool has `size` bytes; these begin at index `existing`. -ENOENT if there is
 * no pool, which means that the first part is missing in a directory that exists. If a directory
 * itself is missing, this is reported only when the part is opened.
 */
int layout_existing(struct layout *layout, const struct pool_set *set, size_t size);

/*
 * Find the existing parts in order to remove them. With `force`, the first part may be missing,
 * too.
 */
int layout_to_remove(struct layout *layout, const struct pool_set *set, bool force);

void layout_fini(struct layout *layout);

#endif
