/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/provider.h"

#include <string.h>
#include <unistd.h>

#include "device/sysfs.h"

/*
 * Find the kind of memory by the bus's attribute provider. On Power, and with a device tree, this
 * attribute is an address.
 */
static enum memory provider_of_bus(const char *sysfs, int bus)
{
	static const struct {
		const char *provider;
		enum memory memory;
	} known[] = {
		{"ACPI.NFIT", MEMORY_NFIT},
		{"CXL", MEMORY_CXL_PMEM},
		{"virtio-pmem", MEMORY_VIRTIO_PMEM},
		{"e820", MEMORY_LEGACY},
	};
	char provider[SYSFS_VALUE];

	if (sysfs_read(bus, "provider", provider))
		return MEMORY_OTHER_PMEM;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(provider, known[i].provider))
			return known[i].memory;
	if (!strncmp(provider, "ibm,", 4))
		return MEMORY_PAPR;
	int parent = sysfs_parent_open(sysfs, bus);
	if (parent < 0)
		return MEMORY_OTHER_PMEM;
	bool in_device_tree = sysfs_has(parent, "of_node");
	close(parent);
	return in_device_tree ? MEMORY_DEVICE_TREE : MEMORY_OTHER_PMEM;
}

enum memory provider_of_region(const char *sysfs, int region)
{
	int bus = sysfs_parent_open(sysfs, region);

	if (bus < 0)
		return MEMORY_OTHER_PMEM;
	enum memory memory = provider_of_bus(sysfs, bus);
	close(bus);
	return memory;
}

const char *provider_name(enum memory memory)
{
	static const char *const names[] = {
		[MEMORY_NONE] = "storage that the kernel does not know as memory",
		[MEMORY_NFIT] = "NVDIMMs",
		[MEMORY_CXL_PMEM] = "persistent CXL memory",
		[MEMORY_VIRTIO_PMEM] = "virtio-pmem, a file of the host",
		[MEMORY_LEGACY] = "memory marked persistent on the command line or by e820",
		[MEMORY_PAPR] = "persistent memory of an IBM Power hypervisor",
		[MEMORY_DEVICE_TREE] = "persistent memory from the device tree",
		[MEMORY_OTHER_PMEM] = "persistent memory of an unknown provider",
		[MEMORY_CXL_VOLATILE] = "volatile CXL memory",
		[MEMORY_SOFT_RESERVED] = "memory that the firmware has set apart for special use",
		[MEMORY_OTHER_DAX] = "memory that is in no persistent region",
		[MEMORY_MIXED] = "several kinds of storage",
		[MEMORY_UNKNOWN] = "storage that sysfs does not show",
	};

	return names[memory];
}
