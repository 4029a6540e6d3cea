/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapped_file.h - the files at addresses of this process, from the kernel's own list
 *
 * The library keeps no names and no descriptors of its own for this: closing one would drop the
 * program's POSIX locks.
 */
#ifndef MAP_MAPPED_FILE_H
#define MAP_MAPPED_FILE_H

#include <sys/types.h>

#include "map/file_id.h"
#include "map/ranges.h"

struct mapped_file {
	struct range at; /* clipped to the range that was asked for */
	struct file_id file;
	uint64_t offset;  /* of at.from in the file, in bytes */
	const char *path; /* valid during the visit; "" for memory without a file */
};

/* True ends the walk. */
typedef bool mapped_file_visit(const struct mapped_file *mapped, void *context);

/* Visit what is mapped in the range, from low to high. 0, or -errno if the list cannot be read. */
int mapped_files_walk(struct range range, mapped_file_visit *visit, void *context);

/*
 * The one file that is mapped in a range of a process; 0 is this one. -ENOENT: no file is mapped
 * there; -EXDEV: several are; -errno: the list cannot be read.
 */
int mapped_file_id(pid_t pid, struct range range, struct file_id *file);

#endif
