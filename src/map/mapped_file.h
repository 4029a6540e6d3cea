/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapped_file.h - find the files at addresses of a process in the kernel's list, /proc/PID/maps
 *
 * The library keeps no descriptors of files for this purpose: closing one would drop the program's
 * POSIX locks.
 */
#ifndef MAP_MAPPED_FILE_H
#define MAP_MAPPED_FILE_H

#include <sys/types.h>

#include "map/file_id.h"
#include "map/ranges.h"

struct mapped_file {
	struct range at; /* addresses of the mapping, clipped to the range of the walk */
	struct file_id file;
	uint64_t offset;  /* where at.from lies in the file, in bytes */
	const char *path; /* valid during the visit; "" for memory without a file */
};

/* Called for each mapping. Returns true to end the walk. */
typedef bool mapped_file_visit(const struct mapped_file *mapped, void *context);

/* Visit the mappings in a range from low to high. 0, or -errno if the list cannot be read. */
int mapped_files_walk(struct range range, mapped_file_visit *visit, void *context);

/*
 * Find the one file that is mapped in a range of a process; pid 0 is this process. -ENOENT: no
 * file is mapped there; -EXDEV: several are; another -errno: the list cannot be read.
 */
int mapped_file_id(pid_t pid, struct range range, struct file_id *file);

#endif
