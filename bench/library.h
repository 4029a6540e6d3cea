/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * library.h - loads several libraries of the same name into one process
 *
 * dlmopen(3) gives each a namespace with a libc of its own: a library sees the environment as it
 * was when the library was loaded, and has an errno of its own.
 */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include <libpmem.h>
#include <libpmem2.h>

#include "rows.h"

struct library {
	void *pmem, *pmem2; /* handles of dlmopen(3); pmem2 is NULL if it was not requested */
};

/*
 * The first three contestants (rows.h): our libraries, the peer's, and the peer's once more. A
 * library that cannot be loaded ends the program with a message.
 */
extern struct library libraries[PEER_AGAIN + 1];
void *library_load(const char *directory, const char *name);
void library_load_all(const char *ours, const char *peers);

/* Returns the address of a function, never NULL: a missing function ends the program. */
void *library_find(void *handle, const char *name);

/* The library's function `name`, with the type that our headers declare. */
#define CALL(handle, name) ((__typeof__(name) *)library_find((handle), #name))

/*
 * library_map() maps a whole file with any granularity. library_adopt() makes a map of the given
 * granularity from memory that is already mapped.
 */
struct pmem2_map *library_map(const struct library *library, int fd);
struct pmem2_map *library_adopt(const struct library *library, int fd, void *addr, size_t len,
	enum pmem2_granularity granularity);

#endif
