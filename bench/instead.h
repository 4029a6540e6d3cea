/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instead.h - other ways to make bytes durable, each behind the same two calls
 */
#ifndef BENCH_INSTEAD_H
#define BENCH_INSTEAD_H

#include <stddef.h>

struct instead {
	const char *name;
	const char *(*open)(void); /* returns NULL, or why this way is left out; exits on errors */
	/* Writes the bytes to this slot, in a page of its own; they are durable when it returns. */
	void (*commit)(size_t slot, const void *bytes, size_t len);
};

/*
 * instead_file() makes a file in the scratch directory, makes its contents durable, and returns a
 * descriptor. instead_scratch() returns the path of the scratch directory.
 */
int instead_file(const char *name);
const char *instead_scratch(void);

const char *uring_open(void);
void uring_commit(size_t slot, const void *bytes, size_t len);

const char *lmdb_open(void);
void lmdb_commit(size_t slot, const void *bytes, size_t len);

const char *sqlite_open(void);
void sqlite_commit(size_t slot, const void *bytes, size_t len);

#endif
