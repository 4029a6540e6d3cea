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
 * How far a store must get to survive a power cut, from the attribute persistence_domain. Ordered:
 * several regions together have the lowest of their domains.
 */
enum region_domain {
	REGION_DOMAIN_UNREADABLE,
	REGION_DOMAIN_UNKNOWN,           /* the kernel does not say how far a store must get */
	REGION_DOMAIN_MEMORY_CONTROLLER, /* stores must leave the CPU's caches */
	REGION_DOMAIN_CPU_CACHE,         /* stores in the CPU's caches survive */
};

struct region {
	bool found;           /* a region was found; if not, ignore all other members */
	bool is_volatile;     /* the region's contents do not survive a power cut */
	bool flushed_by_host; /* in a virtual machine: flushes only reach the host's page cache */
	/* the region's memory modules may lose stores, usually because they are not armed */
	bool read_only;
	enum region_domain domain;
	unsigned count; /* number of regions that this struct describes; usually 1 */
};

/*
 * Returns what the region under a block device ("block") or a DAX character device ("char")
 * promises about stores. A partition, or a device of device-mapper or md, is judged by the devices
 * that it is built on. If there are several regions, the result is the weakest promise of all.
 * `found` is false if there is no region, which is not an error, or if a part of the device is not
 * persistent memory, or is unknown.
 */
struct region region_under(const char *sysfs, const char *type, dev_t number);

/*
 * Returns what one region promises about stores; `region` is a descriptor of its sysfs directory.
 */
struct region region_read(const char *sysfs, int region);

/*
 * Returns 1 if the region loses its contents in a power cut, 0 if it keeps them, -1 if the kernel
 * does not tell.
 */
int region_is_volatile(int region);

/*
 * Returns the promise about stores that holds for both regions: in each member, the weaker of the
 * two.
 */
struct region region_weaker(struct region a, struct region b);

/*
 * Get the NUMA node whose CPUs are nearest to a region; -1 if the kernel does not know one.
 * Returns -ENOENT on kernels without NUMA, -EBADMSG if the attribute is not a number, another
 * -errno if it cannot be read. Sets no error message.
 */
int region_numa_node(int region, int *node);

#endif
