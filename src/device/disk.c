/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/disk.h"

#include <errno.h>
#include <unistd.h>

int disk_name(const char *sysfs, dev_t number, char name[SYSFS_NAME])
{
	int dir = sysfs_device_open(sysfs, "block", number);
	int error = dir < 0 ? dir : sysfs_name(dir, name);

	if (dir >= 0)
		close(dir);
	return error;
}

int disk_size(const char *sysfs, dev_t number, uint64_t *size)
{
	uint64_t sectors;
	int dir = sysfs_device_open(sysfs, "block", number);
	int error = dir < 0 ? dir : sysfs_read_number(dir, "size", &sectors);

	if (dir >= 0)
		close(dir);
	if (!error && sectors > UINT64_MAX / 512)
		error = -EBADMSG;
	if (!error)
		*size = sectors *
			512; /* sysfs counts units of 512 bytes, whatever the disk's sectors are */
	return error;
}

int disk_is_dax(const char *sysfs, dev_t number)
{
	uint64_t dax = 0;
	int dir = sysfs_device_open(sysfs, "block", number);
	int error = dir < 0 ? dir : sysfs_read_number(dir, "queue/dax", &dax);

	/* In sysfs a partition has no folder "queue": read the one of its disk. */
	if (error == -ENOENT && dir >= 0 && sysfs_has(dir, "partition"))
		error = sysfs_read_number(dir, "../queue/dax", &dax);
	if (dir >= 0)
		close(dir);
	return error ? error : dax != 0;
}
