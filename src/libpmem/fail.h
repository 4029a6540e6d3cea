/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fail.h - convert internal codes to errno, the only kind of error that libpmem's calls can return
 */
#ifndef LIBPMEM_FAIL_H
#define LIBPMEM_FAIL_H

/*
 * If the code is negative (-errno or PMEM2_E_*), set errno from it and return -1; otherwise return
 * 0.
 */
int fail(int code);

#endif
