/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * region.h - the memory that a file system or a DAX device lies on, as far as the kernel knows it
 *
 * The kernel's nvdimm bus shows every range of persistent memory as a region directory, whatever
 * it came from (NFIT, CXL, virtio-pmem, the command line). Facts and names are those of
 * drivers/nvdimm/region_devs.c in the kernel, whose documents do not list these attributes.
 */
#ifndef DEVICE_REGION_H
#define DEVICE_REGION_H

#include <stdbool.h>
#include <sys/types.h>

#include "device/walk.h"

/*
 * How far a store must get to survive a power cut; the attribute persistence_domain. Ordered: of
 * several regions, the first of these is what can be said of all.
 */
enum region_domain {
	REGION_DOMAIN_UNREADABLE,
	REGION_DOMAIN_UNKNOWN,           /* the kernel does not say */
	REGION_DOMAIN_MEMORY_CONTROLLER, /* out of the CPU's caches */
	REGION_DOMAIN_CPU_CACHE,         /* the caches are enough */
};

struct region {
	bool found;           /* the rest is only meaningful where there is one */
	bool is_volatile;     /* the contents do not survive a power cut at all */
	bool flushed_by_host; /* a guest's: what the CPU flushes is in the host's page cache */
	bool read_only;       /* its modules may lose what is stored: not armed, mostly */
	enum region_domain domain;
	unsigned count; /* of how many regions this is the weakest promise; 1 mostly */
};

/*
 * The region under a block device or a DAX character device ("block" or "char"). Partitions are
 * resolved, and device-mapper and md to what they are built on: if that is several regions, the
 * weakest promise of them. Not finding any is an answer, not an error; nor is one found where a
 * part of the stack is not persistent memory, or cannot be told.
 */
struct region region_under(const char *sysfs, const char *type, dev_t number);

/* The promise of one region; a directory that a walk visits. */
struct region region_read(const char *sysfs, int region);

/* Are its contents lost in a power cut? 1 or 0, or -1 if that cannot be read. */
int region_is_volatile(int region);

/* The facts that hold for both. */
struct region region_weaker(struct region a, struct region b);

/*
 * The NUMA node whose CPUs are nearest, -1 if the kernel knows of none. -errno of reading it,
 * -ENOENT on kernels that are not for NUMA, -EBADMSG if it is not a number; no sentence.
 */
int region_numa_node(int region, int *node);

#endif
