/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err.h - one error message for each failure, made where the failure is detected
 *
 * A function that fails returns a negative code: -errno or PMEM2_E_*. The function that detects
 * the failure writes the message, and its callers pass the code through:
 *
 *	return err_set(PMEM2_E_OFFSET_UNALIGNED, "offset %zu is not a multiple of %zu", off, al);
 *
 * The message is kept per thread, in a buffer of fixed size: a failure needs no memory. Control
 * characters, which file names may contain, are replaced by "?".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/log.h"

#define ERR_SIZE 1024

/* Store the error message of this thread and return `code`. */
#define err_set(code, ...) ERR_FAILS(err_set_from(&ERR_HERE, (code), __VA_ARGS__))

/* For a failed system call: store the message, ": " and the text for errno; return -errno. */
#define err_sys(...) ERR_FAILS(err_sys_from(&ERR_HERE, __VA_ARGS__))

/*
 * Like err_set(), for failures that are not failures of this library: logs the message at `level`,
 * not as an error.
 */
#define err_minor(level, code, ...)                                                                \
	ERR_FAILS(err_minor_from((level), &ERR_HERE, (code), __VA_ARGS__))

/* Tells the analyzers (scripts/analyze) that these codes are negative. */
#ifdef ANALYZED
#define ERR_FAILS(code) err_fails(code)
static inline int err_fails(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}
#else
#define ERR_FAILS(code) (code)
#endif

/* The last error message of the calling thread; "" if nothing has failed. */
const char *err_get(void);

/*
 * Restore an earlier error message, without logging it. For calls that succeed although one of
 * their steps failed: a call that succeeds must not change the last message.
 */
void err_put_back(const char *sentence);

/* The source line of the failure, for the log. */
#define ERR_HERE ((const struct log_place){__FILE__, __LINE__, __func__})

int err_set_from(const struct log_place *from, int code, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
int err_minor_from(enum log_level level, const struct log_place *from, int code, const char *format,
	...) __attribute__((__format__(__printf__, 4, 5)));
int err_sys_from(const struct log_place *from, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

#endif
