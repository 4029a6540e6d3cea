/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h - queries to libfabric, and conversion of its errors */
#ifndef FABRIC_INFO_H
#define FABRIC_INFO_H

#include <rdma/fabric.h>
#include <sys/types.h>

#include "base/err.h"
#include "fabric/fabric.h"
#include "fabric/library.h"

/*
 * Find a way to connect to `host` and `port` or, if `listen` is true, to listen there. The caller
 * frees the result with fabric_info_free(). -ENOMEDIUM if no provider can do it.
 */
int fabric_info_get(enum holdfast_provider provider, const char *host, uint16_t port, bool listen,
	struct fi_info **info);

/*
 * True if there is an adapter for RDMA, judged by the names in `folder`, which is sysfs's or a
 * test's. Without an adapter libfabric is not asked for verbs: its answer takes long.
 */
bool fabric_has_verbs(const char *folder);

/* `info` may be NULL. */
void fabric_info_free(struct fi_info *info);

/*
 * Convert the result of a libfabric function to -errno: strerror(3) does not know libfabric's
 * codes.
 */
int fabric_code(ssize_t returned);

/* Convert the result, and set the error message "FORMAT: libfabric's text". */
int fabric_failed(ssize_t returned, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* fi_close() for an object that may be NULL. */
#define fabric_close_fid(object)                                                                   \
	do {                                                                                       \
		if (object)                                                                        \
			fi_close(&(object)->fid);                                                  \
		(object) = NULL;                                                                   \
	} while (0)

#endif
