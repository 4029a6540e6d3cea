/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path.h - open or make the file that is to be mapped as a whole
 *
 * path_open() does everything of pmem_map_file() that comes before the mapping; the flags are its
 * PMEM_FILE_*. Programs rely on which of several mistakes is reported, so the order is fixed: what
 * the path is, unknown flags, rules for DAX devices, lengths, TMPFILE, open(2), the size.
 */
#ifndef MAP_PATH_H
#define MAP_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/device.h"

struct path_request {
	const char *path;
	size_t length;
	int flags;
	mode_t mode;
	const char *sysfs;
};

struct path {
	const char *name; /* the request's */
	int fd;
	struct device device;
	size_t length;
	size_t alignment; /* of the device, or the page size */
	bool is_new;      /* this call has made it, and it has that name */
};

/*
 * 0, or -errno or PMEM2_E_* with a sentence, and then nothing is left behind, but for the length of
 * a file that was there before.
 */
int path_open(struct path *path, const struct path_request *request);

/* Close; and if what followed has failed, remove the file that path_open() made. Keeps errno. */
void path_close(struct path *path, bool failed);

#endif
