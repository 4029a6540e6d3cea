/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem2/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "device/dimm.h"
#include "device/sysfs.h"
#include "libpmem2.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"

static int check_access(int fd)
{
	int mode = fcntl(fd, F_GETFL);

	if (mode < 0)
		return err_set(PMEM2_E_INVALID_FILE_HANDLE, "file descriptor %d is not open", fd);
	if ((mode & O_ACCMODE) == O_WRONLY)
		return err_set(PMEM2_E_INVALID_FILE_HANDLE,
			"file descriptor %d is open for writing only: a mapping must be able to read",
			fd);
	return 0;
}

static int source_new(struct pmem2_source **src, struct pmem2_source contents)
{
	struct pmem2_source *new = malloc(sizeof(*new));

	if (!new)
		return err_set(-ENOMEM, "out of memory for a source");
	*new = contents;
	*src = new;
	return 0;
}

EXPORT(pmem2_source_from_fd)
int pmem2_source_from_fd(struct pmem2_source **src, int fd)
{
	struct pmem2_source contents = {.fd = fd};

	CHECK_NOT_NULL(src);
	*src = NULL;
	int error = check_access(fd);
	if (!error)
		error = device_identify(&contents.device, fd, SYSFS_ROOT);
	return error ? error : source_new(src, contents);
}

EXPORT(pmem2_source_from_anon)
int pmem2_source_from_anon(struct pmem2_source **src, size_t size)
{
	CHECK_NOT_NULL(src);
	return source_new(
		src, (struct pmem2_source){.is_anonymous = true, .anonymous_size = size, .fd = -1});
}

EXPORT(pmem2_source_delete)
int pmem2_source_delete(struct pmem2_source **src)
{
	CHECK_NOT_NULL(src);
	free(*src);
	*src = NULL;
	return 0;
}

EXPORT(pmem2_source_get_fd)
int pmem2_source_get_fd(const struct pmem2_source *src, int *fd)
{
	CHECK_NOT_NULL(src);
	CHECK_NOT_NULL(fd);
	if (src->is_anonymous)
		return err_set(PMEM2_E_FILE_DESCRIPTOR_NOT_SET,
			"an anonymous source has no file descriptor");
	*fd = src->fd;
	return 0;
}

EXPORT(pmem2_source_size)
int pmem2_source_size(const struct pmem2_source *src, size_t *size)
{
	CHECK_NOT_NULL(src);
	CHECK_NOT_NULL(size);
	if (!src->is_anonymous)
		return device_size(&src->device, src->fd, SYSFS_ROOT, size);
	*size = src->anonymous_size;
	return 0;
}

EXPORT(pmem2_source_alignment)
int pmem2_source_alignment(const struct pmem2_source *src, size_t *alignment)
{
	CHECK_NOT_NULL(src);
	CHECK_NOT_NULL(alignment);
	if (!src->is_anonymous)
		return device_alignment(&src->device, SYSFS_ROOT, alignment);
	*alignment = (size_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static int need_device(const struct pmem2_source *src, const char *what)
{
	if (src->is_anonymous)
		return err_set(PMEM2_E_NOSUPP, "an anonymous source has no %s", what);
	return 0;
}

EXPORT(pmem2_source_device_id)
int pmem2_source_device_id(const struct pmem2_source *src, char *id, size_t *len)
{
	CHECK_NOT_NULL(src);
	int error = need_device(src, "device id");
	if (error)
		return error;
	CHECK_NOT_NULL(len);
	return device_dimm_ids(&src->device, SYSFS_ROOT, id, len);
}

EXPORT(pmem2_source_device_usc)
int pmem2_source_device_usc(const struct pmem2_source *src, uint64_t *usc)
{
	CHECK_NOT_NULL(src);
	int error = need_device(src, "unsafe shutdown count");
	if (error)
		return error;
	CHECK_NOT_NULL(usc);
	return device_unsafe_shutdowns(&src->device, SYSFS_ROOT, usc);
}

EXPORT(pmem2_source_numa_node)
int pmem2_source_numa_node(const struct pmem2_source *src, int *numa_node)
{
	CHECK_NOT_NULL(src);
	int error = need_device(src, "NUMA node");
	if (error)
		return error;
	CHECK_NOT_NULL(numa_node);
	return device_numa_node(&src->device, SYSFS_ROOT, numa_node);
}
