/* SPDX-License-Identifier: BSD-3-Clause */
/* errno.h - one kind of code for all of pool/ */
#ifndef POOL_ERRNO_H
#define POOL_ERRNO_H

/* -errno for a code of the floors below, which may be PMEM2_E_*; the error message stays. */
int pool_errno(int code);

/*
 * -ENOENT tells an initiator that there is no pool, and it may then make one. Something else that
 * is missing at the target is -EREMOTEIO, the same with -ENOTDIR and -ENXIO; other codes stay.
 */
int pool_trouble(int error);

#endif
