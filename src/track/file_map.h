/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file_map.h - mappings of whole files; the tracker knows which of them are persistent memory
 *
 * Functions return 0, or -errno or PMEM2_E_* with a sentence.
 */
#ifndef TRACK_FILE_MAP_H
#define TRACK_FILE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "track/open_file.h"

/*
 * Map for reading and writing, shared: at the first fit from `*hint` on, or with NULL anywhere. On
 * failure nothing is left behind.
 */
int file_map_create(
	char **addr, const struct open_file *file, const uintptr_t *hint, const char *sysfs);

/* Drain, and write back every page that the range touches. -ENOMEM also if it wraps around. */
int file_map_msync(const void *addr, size_t len);

/*
 * Beyond the persistence domain: from left to right, the regions under DAX devices are deep-flushed
 * and everything else is written back by the kernel. Stops at the first failure. The caller has
 * flushed; the fence is ours. PMEM2_E_NOSUPP for a DAX device that is not pmem.
 */
int file_map_deep_drain(const void *addr, size_t len, const char *sysfs);

#endif
