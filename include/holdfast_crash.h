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
 * With `holdfast crash --dump`, a crash between these two calls must leave either the state before
 * the operation or the state after it. Crashes right before each of the two calls are checked, too.
 *
 *	holdfast_crash_ready();
 *
 * A program that checks images calls this after an expensive start and before it opens the image:
 * `holdfast crash` then runs the start once, and only what follows for each image. By then the
 * program must not have started threads or other processes.
 *
 * Copy this header into your project: it works with gcc and clang, in C and C++, with nothing to
 * link. Choose any number for an operation; operations of one thread must not be nested. In a
 * program that `holdfast crash` does not record or start, a call costs a test of a pointer.
 */
#ifndef HOLDFAST_CRASH_H
#define HOLDFAST_CRASH_H

#ifdef __cplusplus
extern "C" {
#endif

/* The recorder of `holdfast crash` defines this function; NULL in programs not recorded. */
extern void holdfast_crash_mark(unsigned long operation, int is_end) __attribute__((__weak__));

/* `holdfast crash` defines this function in programs that check images; elsewhere it is NULL. */
extern void holdfast_crash_ready_here(void) __attribute__((__weak__));

#define holdfast_crash_ready() (holdfast_crash_ready_here ? holdfast_crash_ready_here() : (void)0)

#define holdfast_crash_begin(operation)                                                            \
	(holdfast_crash_mark ? holdfast_crash_mark((operation), 0) : (void)0)
#define holdfast_crash_end(operation)                                                              \
	(holdfast_crash_mark ? holdfast_crash_mark((operation), 1) : (void)0)

#ifdef __cplusplus
}
#endif

#endif
