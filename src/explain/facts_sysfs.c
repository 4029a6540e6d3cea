/* SPDX-License-Identifier: BSD-3-Clause */
/* facts_sysfs.c - gather the facts that come from sysfs */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "device/disk.h"
#include "device/medium.h"
#include "explain/facts.h"

/* If sysfs does not show the device, an answer UNSUPPORTED becomes UNREADABLE. */
static struct holdfast_number seen(const struct facts *facts, struct holdfast_number number)
{
	if (number.answer != HOLDFAST_UNSUPPORTED || !facts->regions.is_hidden)
		return number;
	return (struct holdfast_number){HOLDFAST_UNREADABLE, -ENOENT, 0, facts->regions.why};
}

static struct holdfast_number size_of(struct keep *keep, const struct facts *facts)
{
	uint64_t size = facts->size;
	size_t length = 0;
	int error = 0;

	if (facts->is_map || facts->object == HOLDFAST_OBJECT_FILE)
		return regions_answer(keep, 0, (int64_t)size, NULL, false);
	if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE) {
		error = disk_size(facts->sysfs, facts->disk, &size);
		return seen(facts, regions_answer(keep, error, (int64_t)size, "the size", false));
	}
	if (facts->object == HOLDFAST_OBJECT_DIRECTORY)
		return (struct holdfast_number){
			.answer = HOLDFAST_UNSUPPORTED, .why = "a directory has no size"};
	error = device_dax_size(&facts->device, facts->sysfs, &length);
	return seen(facts, regions_answer(keep, error, (int64_t)length, NULL, true));
}

static struct holdfast_number alignment_of(struct keep *keep, const struct facts *facts)
{
	size_t alignment = 0;
	int error = device_alignment(&facts->device, facts->sysfs, &alignment);

	return seen(facts, regions_answer(keep, error, (int64_t)alignment, NULL, true));
}

/*
 * Read which driver the DAX device has. Not inlined, so that its stack is free again before the
 * rest of sysfs is read.
 */
NOINLINE static void read_driver(struct facts *facts)
{
	char name[SYSFS_NAME];
	int dir = sysfs_device_open(facts->sysfs, "char", facts->device.number);

	if (dir < 0)
		return;
	if (!sysfs_link(dir, "driver", name))
		facts->driver = !strcmp(name, "device_dax") ? FACTS_DRIVER_DEVICE_DAX
				: !strcmp(name, "kmem")     ? FACTS_DRIVER_KMEM
							    : FACTS_DRIVER_OTHER;
	close(dir);
}

/*
 * Returns true if the driver of ext4 has mounted the disk: then sysfs lists the disk's name under
 * ext4.
 */
static bool is_mounted_by_ext4(const struct facts *facts)
{
	char name[SYSFS_NAME], path[SYSFS_NAME + sizeof("fs/ext4/")];
	int root = open(facts->sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool found = false;

	if (root < 0)
		return false;
	if (!disk_name(facts->sysfs, facts->disk, name)) {
		strcpy(stpcpy(path, "fs/ext4/"), name);
		found = sysfs_has(root, path);
	}
	close(root);
	return found;
}

void facts_read_sysfs(struct facts *facts, struct keep *keep)
{
	struct holdfast_number none = {
		.answer = HOLDFAST_UNSUPPORTED, .why = "this memory belongs to no file"};

	facts->layers = (struct layers){.keep = keep};
	if (!facts->has_device) {
		facts->bytes = size_of(keep, facts);
		facts->alignment = facts->regions.numa_node = facts->regions.unsafe_shutdowns =
			none;
		return;
	}
	regions_under(&facts->regions, keep, &facts->device, facts->sysfs);
	facts->bytes = size_of(keep, facts);
	facts->alignment = alignment_of(keep, facts);
	facts->disk_is_dax = disk_is_dax(facts->sysfs, facts->disk);
	if (facts->object == HOLDFAST_OBJECT_DAX_DEVICE)
		read_driver(facts);
	else if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE)
		facts->is_read_only_device = medium_is_read_only(facts->sysfs, facts->disk);
	else if (facts->has_filesystem && facts->filesystem.type &&
		 !strcmp(facts->filesystem.type, "ext2"))
		facts->is_ext2_by_ext4 = is_mounted_by_ext4(facts);
	layers_find(&facts->layers, facts);
	if (facts->layers.has_gap)
		regions_admit_gap(&facts->regions, &facts->device);
}
