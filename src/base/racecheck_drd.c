/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/racecheck.h"

#if defined(__has_include)
#if __has_include(<valgrind/drd.h>)
#include <valgrind/drd.h>
#endif
#endif

void racecheck_drd_ignore(const volatile void *at, size_t size)
{
#ifdef DRD_IGNORE_VAR
	VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, at, size, 0, 0, 0);
#else
	(void)at;
	(void)size;
#endif
}

void racecheck_drd_watch(const volatile void *at, size_t size)
{
#ifdef DRD_IGNORE_VAR
	VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_FINISH_SUPPRESSION, at, size, 0, 0, 0);
#else
	(void)at;
	(void)size;
#endif
}
