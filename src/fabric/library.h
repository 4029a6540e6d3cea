/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * library.h - libfabric, loaded when it is first needed
 *
 * Some of its providers (those of libpsm2 and libinfinipath) take 0.2 s to load, and install
 * handlers for SIGSEGV, SIGINT and others. This does not affect a program that links librpmem but
 * does not use it. A program that uses it keeps its own handlers.
 */
#ifndef FABRIC_LIBRARY_H
#define FABRIC_LIBRARY_H

#include <rdma/fabric.h>

/* The functions that are called by name. Other functions are in tables of libfabric's objects. */
struct library {
	int (*getinfo)(uint32_t version, const char *node, const char *service, uint64_t flags,
		const struct fi_info *hints, struct fi_info **info);
	struct fi_info *(*dupinfo)(const struct fi_info *info); /* NULL: make an empty one */
	void (*freeinfo)(struct fi_info *info);
	int (*fabric)(struct fi_fabric_attr *attr, struct fid_fabric **fabric, void *context);
	const char *(*strerror)(int errnum);
};

/* Valid after library_load() has returned 0. */
extern struct library library;

/* Any thread may call it, any number of times. 0, or -ENOMEDIUM if libfabric cannot be loaded. */
int library_load(void);

#endif
