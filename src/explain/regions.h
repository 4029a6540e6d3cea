/* SPDX-License-Identifier: BSD-3-Clause */
/* regions.h - what the kernel says of regions and their modules, for people */
#ifndef EXPLAIN_REGIONS_H
#define EXPLAIN_REGIONS_H

#include "device/device.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"

/* One region, a directory that a walk visits; or NULL. */
const struct holdfast_region *regions_describe(struct keep *keep, const char *sysfs, int region);

/* All under a device, onto a list. */
void regions_under(
	struct keep *keep, struct keep_list *list, const struct device *device, const char *sysfs);

/* All of the machine, onto a list, by number. */
void regions_of_machine(struct keep *keep, struct keep_list *list, const char *sysfs);

/*
 * An answer from a code: 0 is the value; `unsupported` of the codes say that there is none, others
 * that it cannot be read. The sentence is what err_get() has, if `said`, else made of `what`.
 */
struct holdfast_number regions_answer(
	struct keep *keep, int error, int64_t value, const char *what, bool said);

#endif
