/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/badblock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "device/badlist.h"
#include "device/extent.h"
#include "device/ndbus.h"
#include "device/sysfs.h"

/* How often to look for a file's bad blocks if its extents change meanwhile. */
#define ATTEMPTS 16

void badblocks_fini(struct badblocks *blocks)
{
	free(blocks->list);
	*blocks = (struct badblocks){.list = NULL};
}

static int list_unreadable(int dir, int error)
{
	char name[SYSFS_NAME] = "a device";

	if (error == -ENOMEM)
		return error;
	if (sysfs_name(dir, name))
		name[0] = '\0';
	if (error == -EBADMSG)
		return err_set(
			error, "attribute badblocks of %s is not a list of bad blocks", name);
	errno = -error;
	return err_sys("cannot read attribute badblocks of %s", name);
}

/*
 * Functions for regular files: they translate the disk's list of bad blocks through the extents of
 * the file.
 */

struct disks {
	const char *sysfs;
	struct badblocks blocks; /* offsets from the start of the disk */
};

/*
 * Add the disk's bad blocks if it is persistent memory: a disk of another kind replaces its own
 * bad blocks.
 */
static int add_disk(int disk, bool is_lowest, void *context)
{
	struct disks *disks = context;
	int region = is_lowest ? walk_region_above(disks->sysfs, disk) : -1;

	if (region < 0)
		return 0;
	close(region);
	int error = badlist_read(&disks->blocks, disk);
	/*
	 * A disk with a sector translation table (BTT) has no list of bad blocks: it does not use
	 * bad sectors.
	 */
	if (!error || error == -ENOENT)
		return 0;
	return list_unreadable(disk, error);
}

static int count_slave(int dir, const char *name, void *count)
{
	(void)dir;
	(void)name;
	++*(unsigned *)count;
	return 0;
}

/*
 * Find where a block device, such as a partition, begins on its disk, and its length, both in
 * bytes. The disk must not be built on other disks.
 */
static int bounds_on_disk(int dir, const char *sysfs, uint64_t *start, uint64_t *length)
{
	unsigned slaves = 0;
	uint64_t sectors = 0, first = 0;
	bool is_partition = sysfs_has(dir, "partition");
	int error = is_partition ? sysfs_read_number(dir, "start", &first) : 0;

	if (!error)
		error = sysfs_read_number(dir, "size", &sectors);
	if (error || first > INT64_MAX / 512 || sectors > INT64_MAX / 512)
		return err_set(PMEM2_E_CANNOT_READ_BOUNDS,
			"cannot find out where on the disk the file system begins and ends");
	int disk = is_partition ? sysfs_parent_open(sysfs, dir) : dir;
	if (disk >= 0)
		sysfs_each(disk, "slaves", count_slave, &slaves);
	if (is_partition && disk >= 0)
		close(disk);
	if (slaves)
		return err_set(PMEM2_E_NOSUPP,
			"there are bad blocks below stacked block devices: cannot tell which bytes of the file they belong to");
	*start = first * 512;
	*length = sectors * 512;
	return 0;
}

static int clip_to_device(struct badblocks *blocks, const struct device *device, const char *sysfs)
{
	uint64_t start = 0, length = 0;
	int dir = sysfs_device_open(sysfs, "block", device->number);

	if (dir < 0) {
		errno = -dir;
		return err_sys("sysfs no longer lists a disk of the file");
	}
	int error = bounds_on_disk(dir, sysfs, &start, &length);
	close(dir);
	if (!error)
		badlist_clip(blocks, start, length);
	return error;
}

/*
 * Add a range of the file, extended to multiples of `unit` on both sides. If it then overlaps with
 * the last range, join the two.
 */
static int add_piece(struct badblocks *blocks, uint64_t from, uint64_t to, uint64_t unit)
{
	struct pmem2_badblock *last = blocks->count ? &blocks->list[blocks->count - 1] : NULL;

	from -= from % unit;
	if (to % unit)
		to += unit - to % unit;
	if (last && from >= last->offset && from < last->offset + last->length) {
		if (to > last->offset + last->length)
			last->length = to - last->offset;
		return 0;
	}
	return badlist_add(blocks, from, to - from);
}

static int intersect(struct badblocks *pieces, const struct pmem2_badblock *bad,
	const struct extents *extents, uint64_t unit)
{
	int error = 0;

	for (size_t i = 0; !error && i < extents->count; i++) {
		const struct extent *extent = &extents->list[i];
		uint64_t from = bad->offset, to = bad->offset + bad->length;
		if (from < extent->physical)
			from = extent->physical;
		if (to > extent->physical + extent->length)
			to = extent->physical + extent->length;
		if (from < to)
			error = add_piece(pieces, extent->logical + (from - extent->physical),
				extent->logical + (to - extent->physical), unit);
	}
	return error;
}

static int check_places(const struct extents *extents)
{
	for (size_t i = 0; i < extents->count; i++)
		if (!extents->list[i].is_placed)
			return err_set(PMEM2_E_NOSUPP,
				"there are bad blocks on the disk, and the file system does not say where on the disk bytes %llu to %llu of the file lie",
				(unsigned long long)extents->list[i].logical,
				(unsigned long long)(extents->list[i].logical +
						     extents->list[i].length));
	return 0;
}

static int find_in_extents(struct badblocks *pieces, const struct badblocks *bad,
	const struct extents *extents, uint64_t unit)
{
	int error = check_places(extents);

	for (size_t i = 0; !error && i < bad->count; i++)
		error = intersect(pieces, &bad->list[i], extents, unit);
	return error;
}

/*
 * Find the bytes of the file that lie in the bad blocks `bad`. Returns 1 if the extents of the
 * file have changed meanwhile: then the file's data may have moved away from a bad block.
 */
static int find_in_file(
	struct badblocks *pieces, const struct badblocks *bad, int fd, uint64_t unit)
{
	struct extents before, after;
	int error = extents_read(&before, fd);

	if (error)
		return error;
	error = find_in_extents(pieces, bad, &before, unit);
	if (!error)
		error = extents_read(&after, fd);
	if (!error) {
		error = !extents_equal(&before, &after);
		extents_fini(&after);
	}
	extents_fini(&before);
	return error;
}

static int on_realtime_device(void)
{
	return err_set(
		PMEM2_E_NOSUPP, "the file is on a real-time device, whose bad blocks are unknown");
}

static int locate_in_file(struct badblocks *blocks, const struct badblocks *bad, int fd)
{
	struct stat st;
	int error = 1;

	if (fstat(fd, &st))
		return err_sys("cannot stat file descriptor %d", fd);
	if (extents_are_elsewhere(fd))
		return on_realtime_device();
	for (int i = 0; error > 0 && i < ATTEMPTS; i++) {
		blocks->count = 0;
		error = find_in_file(blocks, bad, fd, st.st_blksize > 0 ? st.st_blksize : 512);
	}
	if (error > 0)
		return err_set(-EAGAIN,
			"the extents of the file (its places on the disk) do not stop changing");
	return error;
}

static int no_disk(const struct device *device)
{
	char name[DEVICE_NAME];

	return err_set(PMEM2_E_NOSUPP,
		"bad blocks are unknown: sysfs does not show %s, or not all devices under it",
		device_name(device, name));
}

static int read_file(
	struct badblocks *blocks, const struct device *device, int fd, const char *sysfs)
{
	struct disks disks = {.sysfs = sysfs};
	bool lost = false;
	int error = walk_floors(sysfs, "block", device->number, add_disk, &disks, &lost);

	/* Device numbers with major 0 are invented by file systems: tmpfs, btrfs, overlay. */
	if (!error && device->is_elsewhere)
		error = on_realtime_device();
	if (!error && lost && major(device->number))
		error = no_disk(device);
	if (!error && disks.blocks.count)
		error = clip_to_device(&disks.blocks, device, sysfs);
	if (!error && disks.blocks.count)
		error = locate_in_file(blocks, &disks.blocks, fd);
	badblocks_fini(&disks.blocks);
	return error;
}

/*
 * Functions for DAX devices: they take the part of the region's list of bad blocks that lies in
 * the device.
 */

static int read_bound(int dir, const char *attribute, uint64_t *value)
{
	int error = sysfs_read_address(dir, attribute, value);
	char name[SYSFS_NAME];

	if (!error)
		return 0;
	if (sysfs_name(dir, name))
		name[0] = '\0';
	if (error == -EBADMSG || error == -EMSGSIZE)
		return err_set(PMEM2_E_CANNOT_READ_BOUNDS, "attribute %s of %s is not a number",
			attribute, name);
	errno = -error;
	return err_sys("cannot read attribute %s of %s", attribute, name);
}

/* Read the physical address range of a DAX device. */
static int dax_bounds(
	const struct device *device, const char *sysfs, uint64_t *start, uint64_t *length)
{
	int dir = sysfs_device_open(sysfs, "char", device->number);

	if (dir < 0) {
		errno = -dir;
		return err_sys("a DAX device has vanished from sysfs");
	}
	int error = read_bound(dir, "resource", start);
	if (!error)
		error = read_bound(dir, "size", length);
	close(dir);
	return error;
}

struct dax {
	const struct device *device;
	const char *sysfs;
	struct badblocks *blocks;
};

static int add_region(int region, void *context)
{
	const struct dax *dax = context;
	uint64_t base, start, length;
	int error = badlist_read(dax->blocks, region);

	if (error)
		return list_unreadable(region, error);
	if (!dax->blocks->count)
		return 0;
	error = read_bound(region, "resource", &base);
	if (!error)
		error = dax_bounds(dax->device, dax->sysfs, &start, &length);
	if (!error && start < base)
		error = err_set(PMEM2_E_CANNOT_READ_BOUNDS,
			"the DAX device begins at a lower address than its region");
	if (!error)
		badlist_clip(dax->blocks, start - base, length);
	return error;
}

static int no_region(const struct device *device)
{
	char name[DEVICE_NAME];

	return err_set(PMEM2_E_DAX_REGION_NOT_FOUND,
		"%s does not lie on a region of persistent memory", device_name(device, name));
}

static int read_dax(struct badblocks *blocks, const struct device *device, const char *sysfs)
{
	struct dax dax = {device, sysfs, blocks};
	enum walk_cover cover;
	int error = device_regions(device, sysfs, add_region, &dax, &cover);

	if (error)
		return error;
	return cover == WALK_NONE || cover == WALK_UNKNOWN ? no_region(device) : 0;
}

int badblocks_read(struct badblocks *blocks, const struct device *device, int fd, const char *sysfs)
{
	struct badblocks new = {.list = NULL};
	int error = device->kind == DEVICE_DAX ? read_dax(&new, device, sysfs)
					       : read_file(&new, device, fd, sysfs);

	if (error)
		badblocks_fini(&new);
	else
		*blocks = new;
	return error;
}
