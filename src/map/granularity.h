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
 * Files on a real-time device of XFS are never BYTE: which region that device lies in is not
 * known.
 *
 * Device DAX has no metadata, so MAP_SYNC says nothing about it: it is what its region is. Where
 * that is not persistent memory, or only the host of a virtual machine can flush it, no
 * instruction makes a store durable, and msync(2) does not work there: refused. So is a read-only
 * region, to which the kernel lets stores through: its modules are not armed to keep them.
 */
#ifndef MAP_GRANULARITY_H
#define MAP_GRANULARITY_H

#include <stdbool.h>

#include "device/device.h"
#include "libpmem2/base.h"
#include "libpmem2/explain.h"

/*
 * The decision and its reason. Explanations are made from this, so that they cannot say something
 * else than what maps get.
 */
struct granularity {
	enum pmem2_granularity value;
	enum holdfast_reason reason;
};

/*
 * For a shared mapping; `sync` tells whether MAP_SYNC was accepted, `can_flush` whether the CPU
 * has a flush for user mode. False where it is refused, with the reason why.
 */
bool granularity_judge(struct granularity *judged, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

/* Whether PMEM2_FORCE_GRANULARITY in the environment overrules that, and with what. */
bool granularity_forced(struct granularity *forced);

/* Both: what is forced, else what is judged; PMEM2_E_NOSUPP with a sentence. */
int granularity_decide(struct granularity *decided, const struct device *device,
	const struct region *region, bool sync, bool can_flush);

const char *granularity_name(enum pmem2_granularity granularity);

/*
 * The words after the name of a DAX device, for a reason to refuse it: "is on a volatile region".
 */
const char *granularity_objection(enum holdfast_reason reason);

#endif
