/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "libpmem2.h"
#include "libpmem2/export.h"

EXPORT(pmem2_errormsg)
const char *pmem2_errormsg(void)
{
	return err_get();
}

EXPORT(pmem2_perror)
void pmem2_perror(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	flockfile(stderr);
	vfprintf(stderr, format, ap);
	fprintf(stderr, ": %s\n", err_get());
	funlockfile(stderr);
	va_end(ap);
}
