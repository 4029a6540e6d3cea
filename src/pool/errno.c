/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/errno.h"

#include <errno.h>

#include "libpmem2/base.h"

int pool_errno(int code)
{
	if (code > PMEM2_E_UNKNOWN)
		return code;
	switch (code) {
	case PMEM2_E_NO_ACCESS:
		return -EACCES;
	case PMEM2_E_IO_FAIL:
		return -EIO;
	case PMEM2_E_INVALID_FILE_HANDLE:
		return -EBADF;
	default:
		return -EINVAL;
	}
}

int pool_trouble(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ENXIO ? -EREMOTEIO : error;
}
