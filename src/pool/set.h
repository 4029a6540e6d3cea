/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set.h - pool sets: the administrator's list of what a pool is made of
 *
 *	PMEMPOOLSET
 *	OPTION SINGLEHDR
 *	100MiB /mnt/pmem0/pool.part0	# a file, or a directory in which parts grow
 *	AUTO /dev/dax0.0
 *
 * A set is text, and says nothing of what exists. REPLICA sections are for the machine that a pool
 * is replicated from: a set that is opened for a peer has none. All functions return 0 or -errno
 * with a sentence.
 */
#ifndef POOL_SET_H
#define POOL_SET_H

#include <stdbool.h>
#include <stddef.h>

/* A set file may not be longer; more than that is some other file. */
#define POOL_SET_TEXT ((size_t)1 << 20)

#define POOL_PART_MINIMUM ((size_t)2 << 20)

struct pool_set_entry {
	char *path;    /* absolute */
	size_t size;   /* of the file, or the most that a directory may hold */
	bool is_auto;  /* the size is the DAX device's own */
	unsigned line; /* in the set file */
};

struct pool_set {
	char *name; /* what sentences call it */
	struct pool_set_entry *entries;
	size_t count;
	bool single_header; /* only the first part has one */
	bool no_headers;
	const char *sysfs; /* where to ask about devices: SYSFS_ROOT, unless a test changes it */
};

/* `text` need not end in NUL. -EINVAL names set, line and what is wrong there; -ENOMEM. */
int pool_set_parse(const char *text, size_t length, const char *name, struct pool_set **set);

/*
 * The set in the file `name` below `directory`: a peer has sent the name, so it must stay there.
 * -EINVAL for a name that is absolute or has "..", that leads out of the directory by a symbolic
 * link, or to something that is not a regular file or not a set; -EREMOTEIO if the
 * directory is missing; -ENOENT, -EACCES and so on of open(2).
 */
int pool_set_load(const char *directory, const char *name, struct pool_set **set);

/* Remove that file. -errno of unlinkat(2), and as above. */
int pool_set_unlink(const char *directory, const char *name);

void pool_set_free(struct pool_set *set);

#endif
