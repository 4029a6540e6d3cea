/* SPDX-License-Identifier: BSD-3-Clause */
/* regions.h - describe regions of persistent memory and their modules in public structs */
#ifndef EXPLAIN_REGIONS_H
#define EXPLAIN_REGIONS_H

#include "device/deepflush.h"
#include "device/device.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"

/* A list of regions, and values that hold for all of these regions together. */
struct regions {
	struct keep_list list; /* items: struct holdfast_region */
	enum walk_cover cover;
	bool is_hidden;  /* sysfs does not show the device */
	const char *why; /* why the list of regions is not known, or NULL */
	/*
	 * what all regions together promise about stores; all.found: they contain the whole device
	 */
	struct region all;
	enum holdfast_memory memory;
	struct deepflush deep_flush;
	struct holdfast_number numa_node;
	struct holdfast_number unsafe_shutdowns; /* sum over all modules */
};

/* Describe all regions under a device. Reads each region once. */
void regions_under(
	struct regions *regions, struct keep *keep, const struct device *device, const char *sysfs);

/* If a file system is not on one block device, note that the storage under it is unknown. */
void regions_admit_gap(struct regions *regions, const struct device *device);

/* Describe all regions of the machine, sorted by number. */
void regions_of_machine(struct regions *regions, struct keep *keep, const char *sysfs);

/*
 * Describe all memory modules that the kernel lists, including those that are in no region, sorted
 * by name.
 */
void regions_all_modules(struct keep_list *list, struct keep *keep, const char *sysfs);

/* Returns a region's domain as a value of the public enum; NONE if there is no region. */
enum holdfast_domain regions_domain(const struct region *region);

/*
 * Make an answer from the return code of a function that reads a value. 0: `value` is the answer.
 * -ENOENT, PMEM2_E_NOSUPP and PMEM2_E_DAX_REGION_NOT_FOUND: the kernel does not provide the value.
 * Other codes: the value cannot be read. If `said` is true, the answer's message is the last error
 * message (err_get()); otherwise the message is made from `what`.
 */
struct holdfast_number regions_answer(
	struct keep *keep, int error, int64_t value, const char *what, bool said);

#endif
