/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * provider.h - the kind of memory of one region, from the driver that provides the region
 *
 * Only the kind MEMORY_VIRTIO_PMEM influences decisions of the library; all other kinds are only
 * reported to the user.
 */
#ifndef DEVICE_PROVIDER_H
#define DEVICE_PROVIDER_H

enum memory {
	MEMORY_NONE,          /* not known to the kernel as memory: an ordinary disk */
	MEMORY_NFIT,          /* NVDIMMs, which the firmware's tables list */
	MEMORY_CXL_PMEM,      /* a persistent region of CXL devices */
	MEMORY_VIRTIO_PMEM,   /* in a virtual machine: a file of the host, flushed by the host */
	MEMORY_LEGACY,        /* a range marked persistent by e820 or memmap= on the command line */
	MEMORY_PAPR,          /* storage class memory of an IBM Power hypervisor */
	MEMORY_DEVICE_TREE,   /* a pmem node of the device tree */
	MEMORY_OTHER_PMEM,    /* persistent memory of an unknown provider */
	MEMORY_CXL_VOLATILE,  /* device DAX on a volatile region of CXL devices */
	MEMORY_SOFT_RESERVED, /* device DAX on memory that the firmware has reserved (hmem) */
	MEMORY_OTHER_DAX,     /* device DAX on other memory, which is not persistent */
	MEMORY_MIXED,         /* more than one of these kinds */
	MEMORY_UNKNOWN,       /* sysfs does not show the device: it is hidden, or was unplugged */
};

/* Returns the kind of memory of one region, by the region's sysfs directory. */
enum memory provider_of_region(const char *sysfs, int region);

/* Returns the kind of memory in words that complete "this lies on ...". */
const char *provider_name(enum memory memory);

#endif
