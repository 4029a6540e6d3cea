/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h - ask libfabric for its providers, and convert its error codes */
#ifndef FABRIC_INFO_H
#define FABRIC_INFO_H

#include <rdma/fabric.h>
#include <sys/types.h>

#include "base/err.h"
#include "fabric/fabric.h"
#include "fabric/library.h"

/*
 * Find a provider's way to connect to `host` and `port`, or to listen there if `listen` is true.
 * The caller frees the result with fabric_info_free(). Returns -ENOMEDIUM if the provider cannot
 * do it.
 */
int fabric_info_get(enum holdfast_provider provider, const char *host, uint16_t port, bool listen,
	struct fi_info **info);

/*
 * Returns true if this machine has an adapter for RDMA, judged by the entries of `folder`, which
 * is a folder of sysfs or of a test. Without an adapter, libfabric is not asked for the provider
 * verbs, because its answer takes long.
 */
bool fabric_has_verbs(const char *folder);

/* `info` may be NULL. */
void fabric_info_free(struct fi_info *info);

/*
 * Convert the result of a libfabric function to -errno, because strerror(3) does not know
 * libfabric's own codes.
 */
int fabric_code(ssize_t returned);

/*
 * Convert the result of a libfabric function to -errno, and set the error message "FORMAT:
 * libfabric's text".
 */
int fabric_failed(ssize_t returned, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Call fi_close() for an object, which may be NULL. */
#define fabric_close_fid(object)                                                                   \
	do {                                                                                       \
		if (object)                                                                        \
			fi_close(&(object)->fid);                                                  \
		(object) = NULL;                                                                   \
	} while (0)

#endif
