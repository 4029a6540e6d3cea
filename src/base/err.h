/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err.h - one sentence for each failure, made where the failure is known
 *
 * A function that fails returns a negative code: -errno or PMEM2_E_*. The one that first knows what
 * went wrong writes the sentence and everyone above passes the code through:
 *
 *	return err_set(PMEM2_E_OFFSET_UNALIGNED, "offset %zu is not a multiple of %zu", off, al);
 *
 * The sentence is kept per thread, in a buffer of fixed size: a failure needs no memory.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_SIZE 1024

/* Keep the sentence and return `code`. */
int err_set(int code, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/* The same for a system call that just failed: adds ": " and what errno means, returns -errno. */
int err_sys(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* The last sentence of the calling thread, "" before any. */
const char *err_get(void);

#endif
