/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memcheck.h - keep Valgrind's Memcheck quiet where whole pages go to the kernel
 *
 * Memcheck reports each byte given to a system call that nobody has written, or that an allocator
 * has marked as inaccessible. Structs have padding, and msync(2) wants whole pages, with whatever
 * lies beside the program's own bytes: nothing of that is a mistake of the program.
 *
 * Valgrind is asked by a few instructions that do nothing outside of it. Its header, which is
 * needed to build only, may be missing: then Memcheck reports what it sees.
 */
#ifndef BASE_MEMCHECK_H
#define BASE_MEMCHECK_H

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

/* Errors of the calling thread are not reported until memcheck_resume(). Pairs may be nested. */
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
