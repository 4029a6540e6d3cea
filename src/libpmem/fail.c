/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem/fail.h"

#include <errno.h>

#include "libpmem2/base.h"

int fail(int code)
{
	if (code >= 0)
		return 0;
	switch (code) {
	case PMEM2_E_NO_ACCESS:
		errno = EACCES;
		break;
	case PMEM2_E_MAPPING_EXISTS:
		errno = EEXIST;
		break;
	case PMEM2_E_NOSUPP:
	case PMEM2_E_DAX_REGION_NOT_FOUND:
		errno = ENOTSUP;
		break;
	default:
		errno = code > PMEM2_E_UNKNOWN ? -code : EINVAL;
	}
	return -1;
}
