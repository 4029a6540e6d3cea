/* SPDX-License-Identifier: BSD-3-Clause */
/* errno.h - one kind of code for all of pool/ */
#ifndef POOL_ERRNO_H
#define POOL_ERRNO_H

/* -errno for a code of the floors below, which may be PMEM2_E_*; the error message stays. */
int pool_errno(int code);

#endif
