/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/say.h"
#include "libpmem2.h"
#include "libpmem2/export.h"

EXPORT(pmem2_errormsg)
const char *pmem2_errormsg(void)
{
	return err_get();
}

/*
 * The message is formatted before it is printed, because fprintf() to an unbuffered stream such as
 * stderr uses 8 KiB of stack.
 */
EXPORT(pmem2_perror)
void pmem2_perror(const char *format, ...)
{
	char brief[256], *text = brief;
	struct say_guard guard;
	va_list ap;

	if (!format)
		format = "";
	va_start(ap, format);
	int length = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	size_t size = (length > 0 ? (size_t)length : 0) + ERR_SIZE + sizeof(": \n");
	char *whole = malloc(size);
	if (whole)
		text = whole;
	else
		size = sizeof(brief);
	va_start(ap, format);
	vsnprintf(text, size, format, ap);
	va_end(ap);
	size_t used = strlen(text);
	snprintf(text + used, size - used, ": %s\n", err_get());
	say_begin(&guard);
	say_end(&guard, fputs(text, stderr) < 0 ? errno : 0);
	free(whole);
}
