/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * holdfast_crash.h - tell `holdfast crash` where an operation begins and ends
 *
 *	#include "holdfast_crash.h"
 *
 *	holdfast_crash_begin(7);
 *	... stores, flushes and drains of one operation ...
 *	holdfast_crash_end(7);
 *
 * With `holdfast crash --dump`, a crash between the two must leave what was there before the
 * operation or what is there after it. Crashes are also looked at right before both.
 *
 * Copy it into your project: for gcc and clang, C and C++, with nothing to link. The number is any
 * that you like; operations of one thread must not be nested. In a program that is not recorded
 * a call costs a test of a pointer.
 */
#ifndef HOLDFAST_CRASH_H
#define HOLDFAST_CRASH_H

#ifdef __cplusplus
extern "C" {
#endif

/* The recorder's. Nobody else defines it. */
extern void holdfast_crash_mark(unsigned long operation, int is_end) __attribute__((__weak__));

#define holdfast_crash_begin(operation)                                                            \
	(holdfast_crash_mark ? holdfast_crash_mark((operation), 0) : (void)0)
#define holdfast_crash_end(operation)                                                              \
	(holdfast_crash_mark ? holdfast_crash_mark((operation), 1) : (void)0)

#ifdef __cplusplus
}
#endif

#endif
