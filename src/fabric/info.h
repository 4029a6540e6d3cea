/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * info.h - what we ask of libfabric, and its errors as ours
 */
#ifndef FABRIC_INFO_H
#define FABRIC_INFO_H

#include <rdma/fabric.h>
#include <sys/types.h>

#include "base/err.h"
#include "fabric/fabric.h"
#include "fabric/library.h"

/*
 * A way to `host` and `port`, if `listen` is false, or to listen there. The caller frees it with
 * fabric_info_free(). -ENOMEDIUM if no provider reaches it.
 */
int fabric_info_get(enum holdfast_provider provider, const char *host, uint16_t port, bool listen,
	struct fi_info **info);

/*
 * Whether there is an adapter for RDMA, as the names in `folder` say, which is sysfs's or a
 * test's. Without one libfabric is not asked: the answer takes long.
 */
bool fabric_has_verbs(const char *folder);

/* NULL is nothing. */
void fabric_info_free(struct fi_info *info);

/* -errno for what a libfabric function returned: its own numbers are unknown to strerror(3). */
int fabric_code(ssize_t returned);

/* The same with a sentence: "WHAT: what libfabric says". */
int fabric_failed(ssize_t returned, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* fi_close() of what may be NULL. */
#define fabric_close_fid(object)                                                                   \
	do {                                                                                       \
		if (object)                                                                        \
			fi_close(&(object)->fid);                                                  \
		(object) = NULL;                                                                   \
	} while (0)

#endif
