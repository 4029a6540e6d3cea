/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * library.h - libfabric, loaded when it is first needed
 *
 * Some of its providers (those of libpsm2 and libinfinipath) take 0.2 s to load, and install
 * handlers for SIGSEGV, SIGINT and others. A program that links librpmem and does not use it has
 * nothing to do with that, and one that uses it keeps its own handlers.
 */
#ifndef FABRIC_LIBRARY_H
#define FABRIC_LIBRARY_H

#include <rdma/fabric.h>

/* All that is called by name: the rest of its API goes through tables in its objects. */
struct library {
	int (*getinfo)(uint32_t version, const char *node, const char *service, uint64_t flags,
		const struct fi_info *hints, struct fi_info **info);
	struct fi_info *(*dupinfo)(const struct fi_info *info); /* NULL: an empty one */
	void (*freeinfo)(struct fi_info *info);
	int (*fabric)(struct fi_fabric_attr *attr, struct fid_fabric **fabric, void *context);
	const char *(*strerror)(int errnum);
};

/* Once library_load() has returned 0. */
extern struct library library;

/* 0, or -ENOMEDIUM where there is no libfabric. By any thread, any number of times. */
int library_load(void);

#endif
