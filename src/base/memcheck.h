/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memcheck.h - suppress reports of Valgrind's Memcheck when whole pages go to the kernel
 *
 * Memcheck reports each byte passed to a system call that was never written, or that an allocator
 * has marked as inaccessible. But structs have padding, and msync(2) takes whole pages, which
 * contain more than the bytes that the program made durable: reports of such bytes would not show
 * mistakes of the program.
 *
 * The requests to Valgrind are a few instructions that do nothing outside of it. If Valgrind's
 * header is missing at build time, nothing is suppressed.
 */
#ifndef BASE_MEMCHECK_H
#define BASE_MEMCHECK_H

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

/* Suppress reports about the calling thread until memcheck_resume(). Pairs may be nested. */
static inline void memcheck_pause(void)
{
#ifdef VALGRIND_DISABLE_ERROR_REPORTING
	VALGRIND_DISABLE_ERROR_REPORTING;
#endif
}

static inline void memcheck_resume(void)
{
#ifdef VALGRIND_ENABLE_ERROR_REPORTING
	VALGRIND_ENABLE_ERROR_REPORTING;
#endif
}

#endif
