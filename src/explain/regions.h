/* SPDX-License-Identifier: BSD-3-Clause */
/* regions.h - describe regions of persistent memory and their modules in public structs */
#ifndef EXPLAIN_REGIONS_H
#define EXPLAIN_REGIONS_H

#include "device/deepflush.h"
#include "device/device.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"

/* A list of regions, and values that hold for all of them. */
struct regions {
	struct keep_list list; /* items: struct holdfast_region */
	enum walk_cover cover;
	bool is_hidden;    /* sysfs does not show the device */
	const char *why;   /* why the list is not known, or NULL */
	struct region all; /* what holds of all; `found` only if every byte lies in one */
	enum holdfast_memory memory;
	struct deepflush deep_flush;
	struct holdfast_number numa_node;
	struct holdfast_number unsafe_shutdowns; /* sum over all modules */
};

/* Describe all regions under a device, reading each once. */
void regions_under(
	struct regions *regions, struct keep *keep, const struct device *device, const char *sysfs);

/* Note that storage under a file system is unknown, if it is not on a single block device. */
void regions_admit_gap(struct regions *regions, const struct device *device);

/* Describe all regions of the machine, sorted by number. */
void regions_of_machine(struct regions *regions, struct keep *keep, const char *sysfs);

/* Describe all memory modules that the kernel lists, also those in no region; by name. */
void regions_all_modules(struct keep_list *list, struct keep *keep, const char *sysfs);

/* The public enum value of a region's domain; NONE if there is no region. */
enum holdfast_domain regions_domain(const struct region *region);

/*
 * Make an answer from a return code. 0: `value` is the answer; -ENOENT, PMEM2_E_NOSUPP and
 * PMEM2_E_DAX_REGION_NOT_FOUND: the kernel does not provide it; other codes: it cannot be read. The
 * message is that of err_get() if `said`, else it is made from `what`.
 */
struct holdfast_number regions_answer(
	struct keep *keep, int error, int64_t value, const char *what, bool said);

#endif
