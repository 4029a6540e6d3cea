/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * badclear.c - make bad blocks readable again: a file's blocks by allocating new ones, a device's
 * by a command to the nvdimm bus
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "device/badlist.h"
#include "device/ndbus.h"
#include "device/sysfs.h"

static int allocate(int fd, int mode, const struct pmem2_badblock *block, const char *doing)
{
	int failed;

	do
		failed = fallocate(fd, mode, (off_t)block->offset, (off_t)block->length);
	while (failed && errno == EINTR);
	return failed ? err_sys("cannot %s %zu bytes of the file at offset %zu", doing,
				block->length, block->offset)
		      : 0;
}

/*
 * Punch a hole and allocate it again: the kernel zeroes newly allocated blocks, which clears bad
 * ones.
 */
static int clear_file(int fd, const struct pmem2_badblock *block)
{
	int error = allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, block, "punch out");

	return error ? error : allocate(fd, FALLOC_FL_KEEP_SIZE, block, "allocate again");
}

struct dax {
	const struct device *device;
	const char *sysfs;
	const struct pmem2_badblock *block;
};

static int dax_start(const struct device *device, const char *sysfs, uint64_t *start)
{
	int dir = sysfs_device_open(sysfs, "char", device->number);
	int error = dir < 0 ? dir : sysfs_read_address(dir, "resource", start);
	char name[DEVICE_NAME];

	if (dir >= 0)
		close(dir);
	if (!error)
		return 0;
	if (error == -EBADMSG)
		return err_set(PMEM2_E_CANNOT_READ_BOUNDS,
			"attribute resource of %s is not a number", device_name(device, name));
	errno = -error;
	return err_sys("cannot read attribute resource of %s", device_name(device, name));
}

static int clear_in_region(int region, void *context)
{
	const struct dax *dax = context;
	uint64_t start;
	int error = dax_start(dax->device, dax->sysfs, &start);

	if (error)
		return error;
	int bus = ndbus_open(dax->sysfs, region, "/dev");
	if (bus < 0)
		return bus;
	error = ndbus_clear(ndbus_ioctl, bus, start + dax->block->offset, dax->block->length);
	close(bus);
	return error;
}

static int clear_dax(
	const struct device *device, const char *sysfs, const struct pmem2_badblock *block)
{
	struct dax dax = {device, sysfs, block};
	enum walk_cover cover;
	char name[DEVICE_NAME];
	int error = device_regions(device, sysfs, clear_in_region, &dax, &cover);

	if (!error && cover <= WALK_NONE)
		error = err_set(PMEM2_E_DAX_REGION_NOT_FOUND,
			"%s does not lie on a region of persistent memory",
			device_name(device, name));
	return error;
}

int badblocks_clear(const struct badblocks *blocks, const struct device *device, int fd,
	const char *sysfs, const struct pmem2_badblock *block)
{
	if (block->offset > INT64_MAX)
		return err_set(PMEM2_E_OFFSET_OUT_OF_RANGE,
			"offset %zu is beyond the end of any file", block->offset);
	if (block->length > INT64_MAX)
		return err_set(PMEM2_E_LENGTH_OUT_OF_RANGE, "length %zu is larger than any file",
			block->length);
	if (!block->length)
		return err_set(-EINVAL, "the length of the bad block is 0");
	/* Clearing destroys the contents, so refuse a range if a part of it is not bad. */
	if (!badlist_covers(blocks, block->offset, block->length))
		return err_set(PMEM2_E_NO_BAD_BLOCK_FOUND,
			"not all of the %zu bytes at offset %zu are in a listed bad block",
			block->length, block->offset);
	return device->kind == DEVICE_DAX ? clear_dax(device, sysfs, block) : clear_file(fd, block);
}
