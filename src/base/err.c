/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

static __thread char err_sentence[ERR_SIZE];

int err_set_from(const struct log_place *from, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err_sentence, sizeof(err_sentence), format, ap);
	va_end(ap);
	printable(err_sentence);
	if (log_wants(LOG_ERROR))
		log_failure(from, err_sentence, code);
	return code;
}

int err_minor_from(
	enum log_level level, const struct log_place *from, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err_sentence, sizeof(err_sentence), format, ap);
	va_end(ap);
	printable(err_sentence);
	if (log_wants(level))
		log_write(level, from, "%s", err_sentence);
	return code;
}

int err_sys_from(const struct log_place *from, const char *format, ...)
{
	int code = errno;
	va_list ap;

	va_start(ap, format);
	int length = vsnprintf(err_sentence, sizeof(err_sentence), format, ap);
	va_end(ap);
	errno = code;
	if (length >= 0 && (size_t)length < sizeof(err_sentence))
		snprintf(err_sentence + length, sizeof(err_sentence) - (size_t)length, ": %m");
	printable(err_sentence);
	if (log_wants(LOG_ERROR))
		log_failure(from, err_sentence, 0);
	errno = code;
	return -code;
}

const char *err_get(void)
{
	return err_sentence;
}

void err_put_back(const char *sentence)
{
	size_t length = strlen(sentence);

	if (length >= ERR_SIZE)
		length = ERR_SIZE - 1;
	memmove(err_sentence, sentence, length);
	err_sentence[length] = '\0';
}
