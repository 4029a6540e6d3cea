/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rowcheck.h - types and functions that the checks of rowcheck share
 *
 * A check tests one row of doc/compatibility.md. It returns true if the library does the right
 * thing; if not, it prints what the library did, with wrong(). If the machine lacks something that
 * the check needs, the check calls cannot().
 */
#ifndef TEST_COMPAT_ROWCHECK_H
#define TEST_COMPAT_ROWCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "api.h"

typedef bool check_fn(void);

struct row {
	const char *name;
	check_fn *check;
	const char *library; /* the library that the check calls: "pmem" or "pmem2" */
};

/* Tables with one check for each row of doc/compatibility.md; an entry without a name ends each. */
extern const struct row defects[], keeps[], stepped_rows[];

/*
 * Prints what the library did wrong. Returns false, so that a check can end with `return
 * wrong(...)`.
 */
bool wrong(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Prints why this machine cannot run the check of the row, and exits with 77. */
void cannot(const char *format, ...) __attribute__((__noreturn__, __format__(__printf__, 1, 2)));

/* Makes a regular file of `size` bytes. Returns a descriptor for reading and writing. */
int file_of(const char *name, size_t size);
void *source_of(int fd);
void *anon_of(size_t size);
/* Returns a new config that accepts any granularity. */
void *new_config(void);
/* Maps anonymous memory with mmap(2). */
char *memory_of(size_t size);

#endif
