/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open_file.h - open or make the file that is to be mapped as a whole
 *
 * open_file_open() does everything of pmem_map_file() that comes before the mapping; the flags are
 * its PMEM_FILE_*. Programs rely on which of several mistakes is reported, so the order is fixed:
 * what the path is, unknown flags, rules for DAX devices, lengths, TMPFILE, open(2), the size.
 */
#ifndef TRACK_OPEN_FILE_H
#define TRACK_OPEN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/device.h"

struct open_file_request {
	const char *path;
	size_t length;
	int flags;
	mode_t mode;
	const char *sysfs;
};

struct open_file {
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
int open_file_open(struct open_file *file, const struct open_file_request *request);

/* Close; after a failure, remove the file that open_file_open() has made. Keeps errno. */
void open_file_close(struct open_file *file, bool failed);

#endif
