/* SPDX-License-Identifier: BSD-3-Clause */
/* errno.h - convert error codes to -errno, the only kind that pool/ returns */
#ifndef POOL_ERRNO_H
#define POOL_ERRNO_H

/*
 * Convert an error code of other modules, such as PMEM2_E_*, to -errno. Keeps the error message.
 */
int pool_errno(int code);

/*
 * Convert -ENOENT, -ENOTDIR and -ENXIO to -EREMOTEIO; other codes are unchanged. An initiator
 * takes -ENOENT to mean that there is no pool, and may then create one. So it must not get -ENOENT
 * if something else is missing at the target.
 */
int pool_trouble(int error);

#endif
