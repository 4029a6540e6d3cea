/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * provider.h - the kind of memory that one region is, by the driver that told the kernel of it
 *
 * For people: nothing but MEMORY_VIRTIO_PMEM decides anything in this library.
 */
#ifndef DEVICE_PROVIDER_H
#define DEVICE_PROVIDER_H

enum memory {
	MEMORY_NONE,          /* no memory that the kernel knows as such: an ordinary disk */
	MEMORY_NFIT,          /* NVDIMMs, from the firmware's tables */
	MEMORY_CXL_PMEM,      /* a persistent region of CXL devices */
	MEMORY_VIRTIO_PMEM,   /* a guest's: a file of the host, which only the host can flush */
	MEMORY_LEGACY,        /* a range marked persistent by e820 or memmap= on the command line */
	MEMORY_PAPR,          /* storage class memory of an IBM Power hypervisor */
	MEMORY_DEVICE_TREE,   /* a pmem node of the device tree */
	MEMORY_OTHER_PMEM,    /* a provider that we do not know */
	MEMORY_CXL_VOLATILE,  /* device DAX on a volatile region of CXL devices */
	MEMORY_SOFT_RESERVED, /* device DAX on memory that the firmware set apart (hmem) */
	MEMORY_OTHER_DAX,     /* device DAX on something else than persistent memory */
	MEMORY_MIXED,         /* a stack over more than one of these kinds */
	MEMORY_UNKNOWN,       /* sysfs does not show the device: it is hidden, or was unplugged */
};

/* The kind of one region; a directory that a walk visits. */
enum memory provider_of_region(const char *sysfs, int region);

/* In words that complete "this lies on ...". */
const char *provider_name(enum memory memory);

#endif
