/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * granularity.h - how much must be written back for a store to be durable, decided per mapping
 *
 * The kernel's word on the mapping itself comes first: it accepts MAP_SYNC only where file system
 * metadata is safe whenever a page can be written to. How far a store has to go then is a property
 * of the region under this very device, not of the machine.
 *
 *	MAP_SYNC  region's domain	CPU can flush	granularity
 *	no	  any			any		PAGE
 *	yes	  cpu_cache		any		BYTE
 *	yes	  other or unknown	yes		CACHE_LINE
 *	yes	  other or unknown	no		PAGE
 *
 * Device DAX has no metadata, so MAP_SYNC says nothing about it: it is what its region is. Where
 * that is not persistent memory, or only the host of a virtual machine can flush it, no instruction
 * makes a store durable, and msync(2) does not work there: refused.
 */
#ifndef MAP_GRANULARITY_H
#define MAP_GRANULARITY_H

#include <stdbool.h>

#include "device/device.h"
#include "libpmem2/base.h"

/*
 * For a shared mapping; `sync` tells whether MAP_SYNC was accepted, `can_flush` whether the CPU has
 * a flush for user mode. PMEM2_E_NOSUPP as said above, with a sentence.
 */
int granularity_find(enum pmem2_granularity *granularity, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

/* The same, unless PMEM2_FORCE_GRANULARITY in the environment overrules all of it. */
int granularity_decide(enum pmem2_granularity *granularity, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

const char *granularity_name(enum pmem2_granularity granularity);

#endif
