/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * granularity.h - how far a store must be written back to be durable, decided per mapping
 *
 * The kernel's answer for the mapping itself comes first: it accepts MAP_SYNC only if the file
 * system's metadata is safe whenever a page can be written to. How far a store has to go then is a
 * property of the region of persistent memory under this device, not of the machine.
 *
 *	MAP_SYNC  region's domain	CPU can flush	granularity
 *	no	  any			any		PAGE
 *	yes	  cpu_cache		any		BYTE
 *	yes	  other or unknown	yes		CACHE_LINE
 *	yes	  other or unknown	no		PAGE
 *
 * Files on a real-time device of XFS are never BYTE: the region of that device is not known.
 *
 * Device DAX has no metadata, so MAP_SYNC says nothing about it: its region alone decides. A
 * mapping is refused if the region is not persistent memory, or if only the host of a virtual
 * machine can flush it: then no instruction makes a store durable, and msync(2) does not work. A
 * read-only region is refused, too: the kernel lets stores through, but the region's modules are
 * not armed to keep them.
 */
#ifndef MAP_GRANULARITY_H
#define MAP_GRANULARITY_H

#include <stdbool.h>

#include "device/device.h"
#include "libpmem2/base.h"
#include "libpmem2/explain.h"

/*
 * The decision and its reason. Mapping and explaining both use it, so that an explanation cannot
 * differ from what maps get.
 */
struct granularity {
	enum pmem2_granularity value;
	enum holdfast_reason reason;
};

/*
 * Decide for a shared mapping. `sync`: MAP_SYNC was accepted; `can_flush`: the CPU has a flush for
 * user mode. Returns false if the mapping is refused; the reason is in *judged.
 */
bool granularity_judge(struct granularity *judged, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

/*
 * True if PMEM2_FORCE_GRANULARITY in the environment sets a granularity, which is stored in
 * *forced.
 */
bool granularity_forced(struct granularity *forced);

/*
 * Get the forced granularity if one is set, else decide by granularity_judge(). Returns 0, or
 * PMEM2_E_NOSUPP with an error message.
 */
int granularity_decide(struct granularity *decided, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

const char *granularity_name(enum pmem2_granularity granularity);

/*
 * The end of an error message about a refused DAX device: the reason, which follows the name of
 * the device, such as "is on a volatile region".
 */
const char *granularity_objection(enum holdfast_reason reason);

#endif
