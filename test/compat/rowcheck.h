/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rowcheck.h - what the checks of one row each share
 *
 * A check says whether the library does the right thing, and if not, what it did instead. What it
 * needs from the machine and does not get is said with cannot().
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
	const char *library; /* the one that it calls: "pmem", "pmem2" */
};

/* They end with a row without a name. */
extern const struct row defects[], keeps[], stepped_rows[];

/* Say what was seen; false, for `return wrong(...)`. */
bool wrong(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* The machine does not let us see it. */
void cannot(const char *format, ...) __attribute__((__noreturn__, __format__(__printf__, 1, 2)));

/* A regular file of that size, open for reading and writing. */
int file_of(const char *name, size_t size);
void *source_of(int fd);
void *anon_of(size_t size);
/* A config that takes any granularity. */
void *new_config(void);
/* Memory of the program's own. */
char *memory_of(size_t size);

#endif
