/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * region.h - the persistent memory (regions) under a file system or DAX device
 *
 * The kernel's nvdimm bus shows every range of persistent memory as a region directory, whatever
 * provides it (NFIT, CXL, virtio-pmem, the command line). Attributes and their values are from
 * drivers/nvdimm/region_devs.c in the kernel; the kernel's documents do not list them.
 */
#ifndef DEVICE_REGION_H
#define DEVICE_REGION_H

#include <stdbool.h>
#include <sys/types.h>

#include "device/walk.h"

/*
 * How far a store must get to survive a power cut: the attribute persistence_domain. Ordered: the
 * domain of several regions is the lowest of theirs.
 */
enum region_domain {
	REGION_DOMAIN_UNREADABLE,
	REGION_DOMAIN_UNKNOWN,           /* the kernel does not say */
	REGION_DOMAIN_MEMORY_CONTROLLER, /* stores must leave the CPU's caches */
	REGION_DOMAIN_CPU_CACHE,         /* stores in the CPU's caches survive */
};

struct region {
	bool found;           /* there is a region; if false, the rest means nothing */
	bool is_volatile;     /* the contents do not survive a power cut at all */
	bool flushed_by_host; /* virtual machine: CPU flushes reach only the host's page cache */
	bool read_only;       /* its modules may lose stores: usually they are not armed */
	enum region_domain domain;
	unsigned count; /* number of regions that are summed up here; usually 1 */
};

/*
 * The region under a block device or a DAX character device ("block" or "char"). Partitions,
 * device-mapper and md are resolved to the devices that they are built on; for several regions it
 * is the weakest promise of all. If there is no region, `found` is false, which is not an error;
 * also if a part of the device is not persistent memory, or is unknown.
 */
struct region region_under(const char *sysfs, const char *type, dev_t number);

/* The promise of one region, given by its sysfs directory. */
struct region region_read(const char *sysfs, int region);

/* Are its contents lost in a power cut? 1 or 0, or -1 if that cannot be read. */
int region_is_volatile(int region);

/* The promise that holds for both regions. */
struct region region_weaker(struct region a, struct region b);

/*
 * Get the NUMA node whose CPUs are nearest; -1 if the kernel does not know one. -errno if it cannot
 * be read, -ENOENT on kernels without NUMA, -EBADMSG if it is not a number; sets no message.
 */
int region_numa_node(int region, int *node);

#endif
