/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_map.h - mappings of whole files; the tracker knows which of them are persistent memory
 *
 * Functions return 0, or -errno or PMEM2_E_* with an error message.
 */
#ifndef TRACK_FILE_MAP_H
#define TRACK_FILE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "track/open_file.h"

/*
 * Map the file shared, for reading and writing: at the first place that is free from `*hint` on,
 * or anywhere if `hint` is NULL. After a failure nothing is mapped.
 */
int file_map_create(
	char **addr, const struct open_file *file, const uintptr_t *hint, const char *sysfs);

/*
 * Drain, and write back each page that the range touches. -ENOMEM also if the range wraps around.
 */
int file_map_msync(const void *addr, size_t len);

/*
 * Make a range durable beyond the persistence domain. From left to right, the regions under DAX
 * devices are deep-flushed, and other pages are written back by the kernel. Stops at the first
 * failure. The caller has flushed the CPU caches; this function fences. PMEM2_E_NOSUPP for a DAX
 * device that is not persistent memory.
 */
int file_map_deep_drain(const void *addr, size_t len, const char *sysfs);

#endif
