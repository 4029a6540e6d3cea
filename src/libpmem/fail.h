/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.h - the codes of the inside as errno, which is all that these calls can return */
#ifndef LIBPMEM_FAIL_H
#define LIBPMEM_FAIL_H

/* Set errno for a code (-errno or PMEM2_E_*) and return -1; of 0 and more, return 0. */
int fail(int code);

#endif
