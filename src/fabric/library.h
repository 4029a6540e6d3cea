/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * library.h - libfabric, loaded when it is first needed
 *
 * Some of libfabric's providers (those of libpsm2 and libinfinipath) take 0.2 s to load, and
 * install handlers for SIGSEGV, SIGINT and other signals. So a program that links librpmem but
 * does not use it never loads them, and a program that uses it keeps its own signal handlers.
 */
#ifndef FABRIC_LIBRARY_H
#define FABRIC_LIBRARY_H

#include <rdma/fabric.h>

/*
 * The functions of libfabric that are called by name. All other functions are called through
 * tables in libfabric's objects.
 */
struct library {
	int (*getinfo)(uint32_t version, const char *node, const char *service, uint64_t flags,
		const struct fi_info *hints, struct fi_info **info);
	struct fi_info *(*dupinfo)(const struct fi_info *info); /* if NULL, makes an empty info */
	void (*freeinfo)(struct fi_info *info);
	int (*fabric)(struct fi_fabric_attr *attr, struct fid_fabric **fabric, void *context);
	const char *(*strerror)(int errnum);
};

/* The functions of libfabric, valid after library_load() has returned 0. */
extern struct library library;

/*
 * Load libfabric. Any thread may call this, any number of times. Returns 0, or -ENOMEDIUM if
 * libfabric cannot be loaded.
 */
int library_load(void);

#endif
