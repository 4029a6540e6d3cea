/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instead.h - other ways to make bytes durable, each behind the same two calls
 */
#ifndef BENCH_INSTEAD_H
#define BENCH_INSTEAD_H

#include <stddef.h>

struct instead {
	const char *name;
	/* Makes this way ready. Returns NULL, or a reason to leave it out; exits on errors. */
	const char *(*open)(void);
	/* Writes the bytes to this slot, in a page of its own, and makes them durable. */
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
