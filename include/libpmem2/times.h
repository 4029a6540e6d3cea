/* SPDX-License-Identifier: BSD-3-Clause */
/* libpmem2/times.h - a histogram of times, as libpmem2/holdfast.h and librpmem/holdfast.h use it */
#ifndef LIBPMEM2_TIMES_H
#define LIBPMEM2_TIMES_H 1

/*
 * The length of an array `times'. Its element 0 counts times of less than 1 us. Element n counts
 * times of 2^(n-1) us or more, and less than 2^n us. The last element has all longer times, too.
 */
#define HOLDFAST_TIMES 32

#endif
