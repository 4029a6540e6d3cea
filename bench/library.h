/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * library.h - libraries of the same names, next to each other in one process
 *
 * dlmopen(3) gives each a namespace of its own, with a libc of its own: the environment that they
 * see is that of the time when they were loaded, and errno is theirs.
 */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include <libpmem.h>
#include <libpmem2.h>

#include "rows.h"

struct library {
	void *pmem, *pmem2; /* handles; the latter stays NULL if it was not asked for */
};

/* The first three contestants. Ends the program with a sentence if a library cannot be loaded. */
extern struct library libraries[PEER_AGAIN + 1];
void *library_load(const char *directory, const char *name);
void library_load_all(const char *ours, const char *peers);

/* The address of a function; never NULL. */
void *library_find(void *handle, const char *name);

/* The call of that name, with the type that our headers give it. */
#define CALL(handle, name) ((__typeof__(name) *)library_find((handle), #name))

/* Map all of a file, at whatever granularity; or adopt memory as if it had that one. */
struct pmem2_map *library_map(const struct library *library, int fd);
struct pmem2_map *library_adopt(const struct library *library, int fd, void *addr, size_t len,
	enum pmem2_granularity granularity);

#endif
