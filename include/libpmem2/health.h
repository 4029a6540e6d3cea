/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/health.h - is anything wrong with the persistent memory and the storage of this machine?
 *
 * Included by libpmem2/holdfast.h. What the kernel tells of modules of memory and of regions, and
 * the failures that it counts of file systems and arrays of disks. Some of it never goes back to
 * zero, so a watcher keeps what it has seen and compares: see `holdfast info --health'.
 *
 * Only /sys and the list of mounts are read. Structs begin with their size. Later versions may add
 * members at the end, and values to enums.
 */
#ifndef LIBPMEM2_HEALTH_H
#define LIBPMEM2_HEALTH_H 1

#include <stddef.h>

#include <libpmem2/explain.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which values of a counter mean trouble. */
enum holdfast_counting {
	HOLDFAST_COUNTING_LASTING, /* any but 0: it is kept until somebody repairs or resets it */
	HOLDFAST_COUNTING_SINCE_MOUNT, /* one that has grown: it begins at 0 with each mount */
	HOLDFAST_COUNTING_STATE        /* any but 0, and there is trouble as long as it is so */
};

/* Failures of a file system or an array of disks, as the kernel counts them. */
struct holdfast_counter {
	size_t struct_size;
	const char *kind;    /* "ext4", "btrfs", "md", or another type of file system */
	const char *name;    /* of what it is: "vda1", "UUID/1" of btrfs, "md0", a mount point */
	const char *counter; /* "errors_count" */
	const char *meaning; /* what it counts, or the state that it is */
	enum holdfast_counting counting;
	struct holdfast_number value;
};

struct holdfast_health {
	size_t struct_size;
	/* All modules that the kernel lists, also those that are in no region; by name. */
	size_t dimm_count;
	const struct holdfast_dimm *const *dimms;
	size_t region_count;
	const struct holdfast_region *const *regions;
	const char *regions_why; /* why modules and regions are not known, a sentence; or NULL */
	size_t counter_count;
	const struct holdfast_counter *const *counters;
	const char *counters_why; /* why counters are not known, or not all of them; or NULL */
};

/* -ENOMEM. What cannot be read is told in the answer. */
int holdfast_read_health(struct holdfast_health **health);

/* Free it and all it points to; *health becomes NULL. Does nothing if it is NULL. */
void holdfast_health_free(struct holdfast_health **health);

/* What a value is called in output for programs; "?" for an unknown value. */
const char *holdfast_counting_name(enum holdfast_counting counting);

#ifdef __cplusplus
}
#endif

#endif
