/* SPDX-License-Identifier: BSD-3-Clause */
/* regions.h - what the kernel says of regions and their modules, for people */
#ifndef EXPLAIN_REGIONS_H
#define EXPLAIN_REGIONS_H

#include "device/deepflush.h"
#include "device/device.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"

/* Regions, and what can be said of all of them. */
struct regions {
	struct keep_list list; /* of struct holdfast_region */
	enum walk_cover cover;
	bool is_hidden;    /* sysfs does not show the device */
	const char *why;   /* why the list is not known, or NULL */
	struct region all; /* found only if everything lies in a region */
	enum holdfast_memory memory;
	struct deepflush deep_flush;
	struct holdfast_number numa_node;
	struct holdfast_number unsafe_shutdowns; /* the sum */
};

/* All under a device, each read once. */
void regions_under(
	struct regions *regions, struct keep *keep, const struct device *device, const char *sysfs);

/* A file system on no single block device lies on something that could not be found. */
void regions_admit_gap(struct regions *regions, const struct device *device);

/* All of the machine, by number. */
void regions_of_machine(struct regions *regions, struct keep *keep, const char *sysfs);

/* All modules that the kernel lists, by name, also those in no region. */
void regions_all_modules(struct keep_list *list, struct keep *keep, const char *sysfs);

/* The public word for a domain; NONE where no region is. */
enum holdfast_domain regions_domain(const struct region *region);

/*
 * An answer from a code: 0 is the value; `unsupported` of the codes say that the kernel has none,
 * others that it cannot be read. The sentence is what err_get() has, if `said`, else made of
 * `what`.
 */
struct holdfast_number regions_answer(
	struct keep *keep, int error, int64_t value, const char *what, bool said);

#endif
