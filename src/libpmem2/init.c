/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/map.h"

/* Runs before the first call of the program. The log comes first, since the others write to it. */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM2");
	cpu_init();
	/*
	 * There is no free thread-specific key: the library could not drain when a thread exits.
	 */
	if (map_init())
		abort();
}
