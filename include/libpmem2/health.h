/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/health.h - faults of the persistent memory and the storage of this machine
 *
 * Included by libpmem2/holdfast.h. The calls report what the kernel knows about memory modules and
 * regions, and the failures that it counts for file systems and disk arrays. Some counters never go
 * back to zero, so a monitoring program stores the values and compares them later: see `holdfast
 * info --health'.
 *
 * Only /sys and the list of mounts are read. Each struct begins with its size. Later versions may
 * add members at the end, and values to enums.
 */
#ifndef LIBPMEM2_HEALTH_H
#define LIBPMEM2_HEALTH_H 1

#include <stddef.h>

#include <libpmem2/explain.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of counters, by the values that mean trouble. */
enum holdfast_counting {
	HOLDFAST_COUNTING_LASTING,     /* trouble unless 0; stays until repaired or reset */
	HOLDFAST_COUNTING_SINCE_MOUNT, /* trouble if it has grown; 0 after each mount */
	HOLDFAST_COUNTING_STATE        /* trouble unless 0; 0 again when the trouble is over */
};

/* Failures of a file system or an array of disks, as the kernel counts them. */
struct holdfast_counter {
	size_t struct_size;
	const char *kind;    /* "ext4", "btrfs", "md", or another type of file system */
	const char *name;    /* the object: "vda1", "UUID/1" of btrfs, "md0", a mount point */
	const char *counter; /* "errors_count" */
	const char *meaning; /* what the counter counts, or the state that it stands for */
	enum holdfast_counting counting;
	struct holdfast_number value;
};

struct holdfast_health {
	size_t struct_size;
	/* All memory modules that the kernel lists, also those in no region; sorted by name. */
	size_t dimm_count;
	const struct holdfast_dimm *const *dimms;
	size_t region_count;
	const struct holdfast_region *const *regions;
	const char *regions_why; /* a sentence: why modules and regions are unknown; or NULL */
	size_t counter_count;
	const struct holdfast_counter *const *counters;
	const char *counters_why; /* a sentence: why some or all counters are unknown; or NULL */
};

/*
 * Read the health of this machine's memory and storage. Returns 0, or -ENOMEM. Facts that cannot
 * be read are marked as unreadable in *health.
 */
int holdfast_read_health(struct holdfast_health **health);

/* Free *health and all it points to; it becomes NULL. Does nothing if it is NULL. */
void holdfast_health_free(struct holdfast_health **health);

/* Return the name of a value, as `holdfast info --json` prints it; "?" if unknown. */
const char *holdfast_counting_name(enum holdfast_counting counting);

#ifdef __cplusplus
}
#endif

#endif
