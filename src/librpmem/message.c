/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"
#include "librpmem.h"
#include "librpmem/export.h"

EXPORT(rpmem_errormsg)
const char *rpmem_errormsg(void)
{
	return err_get();
}

EXPORT(rpmem_check_version)
const char *rpmem_check_version(unsigned major_required, unsigned minor_required)
{
	if (major_required != RPMEM_MAJOR_VERSION)
		err_set(0, "librpmem has API version %u.%u, not %u.%u: the major versions differ",
			RPMEM_MAJOR_VERSION, RPMEM_MINOR_VERSION, major_required, minor_required);
	else if (minor_required > RPMEM_MINOR_VERSION)
		err_set(0, "librpmem has API version %u.%u, older than the required %u.%u",
			RPMEM_MAJOR_VERSION, RPMEM_MINOR_VERSION, major_required, minor_required);
	else
		return NULL;
	return err_get();
}
