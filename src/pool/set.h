/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set.h - pool sets: the administrator's list of the parts of a pool
 *
 *	PMEMPOOLSET
 *	OPTION SINGLEHDR
 *	100MiB /mnt/pmem0/pool.part0	# a file, or a directory in which parts grow
 *	AUTO /dev/dax0.0
 *
 * A set is only text: it does not tell which parts exist. REPLICA sections are for the machine
 * that a pool is replicated from: a set that is opened for a peer must not have any. All functions
 * return 0, or -errno with an error message.
 */
#ifndef POOL_SET_H
#define POOL_SET_H

#include <stdbool.h>
#include <stddef.h>

/* The largest set file, in bytes. A longer file is assumed to be something else. */
#define POOL_SET_TEXT ((size_t)1 << 20)

#define POOL_PART_MINIMUM ((size_t)2 << 20)

struct pool_set_entry {
	char *path;    /* absolute */
	size_t size;   /* size of the file, or maximum size for a directory, in bytes */
	bool is_auto;  /* AUTO: the size is the DAX device's own */
	unsigned line; /* of the set file */
};

struct pool_set {
	char *name; /* name of the set, for error messages */
	struct pool_set_entry *entries;
	size_t count;
	bool single_header; /* only the first part has a header */
	bool no_headers;
	const char *sysfs; /* where devices are looked up: SYSFS_ROOT, except in tests */
};

/* `text` need not end in NUL. -EINVAL with a message that names set, line and mistake; -ENOMEM. */
int pool_set_parse(const char *text, size_t length, const char *name, struct pool_set **set);

/*
 * Read the set in the file `name` below `directory`. A peer has sent the name, so it must not
 * leave the directory. -EINVAL for a name that is absolute, contains "..", or leads out of the
 * directory by a symbolic link, and for something that is not a regular file or not a set;
 * -EREMOTEIO if the directory is missing; -ENOENT, -EACCES and so on of open(2).
 */
int pool_set_load(const char *directory, const char *name, struct pool_set **set);

/* Remove the set file. -errno of unlinkat(2), and the errors of pool_set_load(). */
int pool_set_unlink(const char *directory, const char *name);

void pool_set_free(struct pool_set *set);

#endif
