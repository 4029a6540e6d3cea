/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracked.h - mappings of whole files, of which the tracker knows which are persistent memory
 *
 * Functions return 0, or -errno or PMEM2_E_* with a sentence.
 */
#ifndef MAP_TRACKED_H
#define MAP_TRACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map/path.h"

/* Where: anywhere, or at the first fit from `hint` on. */
struct tracked_place {
	bool has_hint;
	uintptr_t hint;
};

/* Map for reading and writing, shared. On failure nothing is left behind. */
int tracked_map(
	char **addr, const struct path *path, const struct tracked_place *place, const char *sysfs);

/*
 * Drain, and write back every page that the range touches; of none if it is empty. -ENOMEM also for
 * a range that wraps around.
 */
int tracked_msync(const void *addr, size_t len);

/*
 * Beyond the persistence domain: from left to right, the regions under DAX devices are deep-flushed
 * and everything else is written back by the kernel. Stops at the first failure. The caller has
 * flushed; the fence is ours. PMEM2_E_NOSUPP for a DAX device that is no pmem.
 */
int tracked_deep_drain(const void *addr, size_t len, const char *sysfs);

#endif
