/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcsafe.c - read from and write to a source; at a bad block these functions return an error,
 * instead of a signal that kills the program
 */
#include "map/mcsafe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"
#include "libpmem2/source.h"

static int check_source(const struct pmem2_source *src, size_t size, size_t offset)
{
	size_t length;

	if (src->is_anonymous)
		return err_set(PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED,
			"an anonymous source has nothing to read or write");
	int error = pmem2_source_size(src, &length);
	if (error)
		return error;
	if (offset > length || size > length - offset)
		return err_set(PMEM2_E_LENGTH_OUT_OF_RANGE,
			"%zu bytes at offset %zu reach beyond the source's %zu bytes", size, offset,
			length);
	return 0;
}

static int io_failed(const char *verb, int fd, size_t size, size_t offset)
{
	int code = errno == EIO ? PMEM2_E_IO_FAIL : -errno;

	err_sys("cannot %s %zu bytes at offset %zu of file descriptor %d", verb, size, offset, fd);
	return code;
}

/*
 * Read from a file. Even for 0 bytes the kernel is called once, to find out if the descriptor can
 * be read.
 */
static int read_file(int fd, char *buf, size_t size, size_t offset)
{
	size_t done = 0;

	for (;;) {
		ssize_t got = pread(fd, buf + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return io_failed("read", fd, size - done, offset + done);
		done += (size_t)got;
		if (done == size)
			return 0;
		if (!got)
			return err_set(PMEM2_E_LENGTH_OUT_OF_RANGE,
				"the file has shrunk: of %zu bytes at offset %zu only the first %zu are left",
				size, offset, done);
	}
}

/*
 * Refuse a descriptor with O_APPEND: Linux would write at the end of the file, whatever the offset
 * is.
 */
static int check_append(int fd, size_t offset)
{
	int mode = fcntl(fd, F_GETFL);

	if (mode < 0 || !(mode & O_APPEND) || (mode & O_ACCMODE) == O_RDONLY)
		return 0;
	return err_set(PMEM2_E_NO_ACCESS,
		"file descriptor %d is open with O_APPEND: it cannot be written at offset %zu", fd,
		offset);
}

static int write_file(int fd, const char *buf, size_t size, size_t offset)
{
	size_t done = 0;
	int error = size ? check_append(fd, offset) : 0;

	while (!error) {
		ssize_t put = pwrite(fd, buf + done, size - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return io_failed("write", fd, size - done, offset + done);
		done += (size_t)put;
		if (done == size)
			return 0;
		if (!put)
			error = err_set(PMEM2_E_IO_FAIL,
				"nothing could be written at offset %zu of file descriptor %d",
				offset + done, fd);
	}
	return error;
}

static int find_device(struct mcsafe *device, const struct pmem2_source *src)
{
	*device = (struct mcsafe){.device = &src->device, .fd = src->fd, .sysfs = SYSFS_ROOT};
	return pmem2_source_alignment(src, &device->alignment);
}

EXPORT(pmem2_source_pread_mcsafe)
int pmem2_source_pread_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset)
{
	struct mcsafe device;

	CHECK_NOT_NULL(src);
	if (size)
		CHECK_NOT_NULL(buf);
	int error = check_source(src, size, offset);
	if (error)
		return error;
	if (src->device.kind == DEVICE_FILE)
		return read_file(src->fd, buf, size, offset);
	if (!size)
		return 0;
	error = find_device(&device, src);
	return error ? error : mcsafe_read(&device, buf, size, offset);
}

EXPORT(pmem2_source_pwrite_mcsafe)
int pmem2_source_pwrite_mcsafe(struct pmem2_source *src, void *buf, size_t size, size_t offset)
{
	struct mcsafe device;

	CHECK_NOT_NULL(src);
	if (size)
		CHECK_NOT_NULL(buf);
	int error = check_source(src, size, offset);
	if (error)
		return error;
	if (src->device.kind == DEVICE_FILE)
		return write_file(src->fd, buf, size, offset);
	if (!size)
		return 0;
	error = find_device(&device, src);
	return error ? error : mcsafe_write(&device, buf, size, offset);
}
