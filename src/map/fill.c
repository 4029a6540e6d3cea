/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/fill.h"

#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "base/err.h"
#include "libpmem2/base.h"

static int mmap_error(const struct fill *fill)
{
	int code = errno == EACCES    ? PMEM2_E_NO_ACCESS
		   : errno == EEXIST  ? PMEM2_E_MAPPING_EXISTS
		   : errno == ENOTSUP ? PMEM2_E_NOSUPP
				      : -errno;

	err_sys("cannot map %zu bytes from offset %lld of file descriptor %d", fill->length,
		(long long)fill->offset, fill->fd);
	return code;
}

static bool mmap_at(char *addr, const struct fill *fill, int flags)
{
	return mmap(addr, fill->length, fill->protection, flags | MAP_FIXED, fill->fd,
		       fill->offset) != MAP_FAILED;
}

int fill_place(char *addr, const struct fill *fill, bool *sync)
{
	int sharing = fill->is_private ? MAP_PRIVATE : MAP_SHARED;

	*sync = false;
	if (fill->fd < 0)
		sharing |= MAP_ANONYMOUS;
	if (fill->fd < 0 || fill->is_private)
		return mmap_at(addr, fill, sharing) ? 0 : mmap_error(fill);
	/*
	 * The kernel says EOPNOTSUPP where the file system or the device cannot, EINVAL if it is
	 * older than 4.15.
	 */
	*sync = mmap_at(addr, fill, MAP_SHARED_VALIDATE | MAP_SYNC);
	if (*sync)
		return 0;
	if (errno != EOPNOTSUPP && errno != EINVAL)
		return mmap_error(fill);
	return mmap_at(addr, fill, MAP_SHARED) ? 0 : mmap_error(fill);
}
