/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

static __thread char err_sentence[ERR_SIZE];

int err_set(int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err_sentence, sizeof(err_sentence), format, ap);
	va_end(ap);
	log_error("%s (%d)", err_sentence, code);
	return code;
}

int err_sys(const char *format, ...)
{
	int code = errno;
	va_list ap;

	va_start(ap, format);
	int length = vsnprintf(err_sentence, sizeof(err_sentence), format, ap);
	va_end(ap);
	errno = code;
	if (length >= 0 && (size_t)length < sizeof(err_sentence))
		snprintf(err_sentence + length, sizeof(err_sentence) - (size_t)length, ": %m");
	log_error("%s", err_sentence);
	errno = code;
	return -code;
}

const char *err_get(void)
{
	return err_sentence;
}
