/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * open_file.h - open or make the file that is to be mapped as a whole
 *
 * open_file_open() does all that pmem_map_file() has to do before it maps the file, and has the
 * same flags PMEM_FILE_*. Programs rely on which of several mistakes is reported, so the order of
 * checks is fixed: the kind of file, unknown flags, rules for DAX devices, lengths,
 * PMEM_FILE_TMPFILE, open(2), the size.
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
	const char *name; /* points to the request's path */
	int fd;
	struct device device;
	size_t length;
	size_t alignment; /* alignment of the device in bytes, or the page size */
	bool is_new;      /* the file was made by this call; `name` is its name */
};

/*
 * Returns 0, or -errno or PMEM2_E_* with an error message. A failure leaves no new file behind,
 * but an existing file may keep a changed length.
 */
int open_file_open(struct open_file *file, const struct open_file_request *request);

/* Close the file. With `failed`, also remove it if open_file_open() has made it. Keeps errno. */
void open_file_close(struct open_file *file, bool failed);

#endif
