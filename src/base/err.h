/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err.h - one sentence for each failure, made where the failure is known
 *
 * A function that fails returns a negative code: -errno or PMEM2_E_*. The one that first knows what
 * went wrong writes the sentence and everyone above passes the code through:
 *
 *	return err_set(PMEM2_E_OFFSET_UNALIGNED, "offset %zu is not a multiple of %zu", off, al);
 *
 * The sentence is kept per thread, in a buffer of fixed size: a failure needs no memory. Control
 * characters, as names of files may have, are replaced by "?".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/log.h"

#define ERR_SIZE 1024

/* Keep the sentence and return `code`. */
#define err_set(code, ...) err_set_from(&ERR_HERE, (code), __VA_ARGS__)

/* The same for a system call that just failed: adds ": " and what errno means, returns -errno. */
#define err_sys(...) err_sys_from(&ERR_HERE, __VA_ARGS__)

/* The same where it is nothing to worry about, or not by us: the log has it at that level. */
#define err_minor(level, code, ...) err_minor_from((level), &ERR_HERE, (code), __VA_ARGS__)

/* The last sentence of the calling thread, "" before any. */
const char *err_get(void);

/*
 * Put a sentence back, unlogged: for calls that succeed though something that they tried did not. A
 * success leaves the last sentence as it was.
 */
void err_put_back(const char *sentence);

/* The log is told which line of ours it was. */
#define ERR_HERE ((const struct log_place){__FILE__, __LINE__, __func__})

int err_set_from(const struct log_place *from, int code, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
int err_minor_from(enum log_level level, const struct log_place *from, int code, const char *format,
	...) __attribute__((__format__(__printf__, 4, 5)));
int err_sys_from(const struct log_place *from, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

#endif
