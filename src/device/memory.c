/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/memory.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device/sysfs.h"
#include "device/walk.h"

static bool is_hmem(int dir)
{
	char alias[SYSFS_VALUE];

	return sysfs_subsystem_is(dir, "platform") && !sysfs_read(dir, "modalias", alias) &&
	       !strcmp(alias, "platform:hmem");
}

/*
 * Returns the kind of memory of a DAX device that is in no region of the nvdimm bus. Closes `dir`.
 */
static enum memory memory_without_region(const char *sysfs, int dir)
{
	enum memory memory = MEMORY_OTHER_DAX;

	while (dir >= 0 && memory == MEMORY_OTHER_DAX) {
		if (sysfs_subsystem_is(dir, "cxl"))
			memory = MEMORY_CXL_VOLATILE;
		else if (is_hmem(dir))
			memory = MEMORY_SOFT_RESERVED;
		int parent = sysfs_parent_open(sysfs, dir);
		close(dir);
		dir = parent;
	}
	if (dir >= 0)
		close(dir);
	return memory;
}

struct summary {
	const char *sysfs;
	enum memory memory;
};

static int add_memory(int region, void *context)
{
	struct summary *summary = context;
	enum memory one = provider_of_region(summary->sysfs, region);

	if (summary->memory == MEMORY_NONE)
		summary->memory = one;
	else if (summary->memory != one)
		summary->memory = MEMORY_MIXED;
	return 0;
}

enum memory memory_under(const struct device *device, const char *sysfs)
{
	struct summary summary = {.sysfs = sysfs, .memory = MEMORY_NONE};
	enum walk_cover cover;

	if (device_regions(device, sysfs, add_memory, &summary, &cover))
		return MEMORY_NONE;
	if (cover == WALK_PARTLY)
		return MEMORY_MIXED;
	if (device->kind == DEVICE_FILE && !major(device->number))
		return MEMORY_NONE; /* the file system is on several block devices, or on none */
	if (cover == WALK_UNKNOWN)
		return MEMORY_UNKNOWN;
	if (cover == WALK_NONE && device->kind == DEVICE_DAX)
		return memory_without_region(
			sysfs, sysfs_device_open(sysfs, "char", device->number));
	return summary.memory;
}
