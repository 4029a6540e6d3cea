/* SPDX-License-Identifier: BSD-3-Clause */
/* message.c - error messages and the version check; programs print these texts unchanged */
#include <errno.h>

#include "base/err.h"
#include "libpmem.h"
#include "libpmem/export.h"

EXPORT(pmem_errormsg)
const char *pmem_errormsg(void)
{
	return err_get();
}

EXPORT(pmem_check_version)
const char *pmem_check_version(unsigned major_required, unsigned minor_required)
{
	if (major_required != PMEM_MAJOR_VERSION)
		err_set(-EINVAL, "libpmem major version mismatch (need %u, found %u)",
			major_required, PMEM_MAJOR_VERSION);
	else if (minor_required > PMEM_MINOR_VERSION)
		err_set(-EINVAL, "libpmem minor version mismatch (need %u, found %u)",
			minor_required, PMEM_MINOR_VERSION);
	else
		return NULL;
	return err_get();
}
