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
		err_set(0, "librpmem has version %u.%u of its calls, not %u.%u: another major",
			RPMEM_MAJOR_VERSION, RPMEM_MINOR_VERSION, major_required, minor_required);
	else if (minor_required > RPMEM_MINOR_VERSION)
		err_set(0, "librpmem has version %u.%u of its calls, less than %u.%u",
			RPMEM_MAJOR_VERSION, RPMEM_MINOR_VERSION, major_required, minor_required);
	else
		return NULL;
	return err_get();
}
