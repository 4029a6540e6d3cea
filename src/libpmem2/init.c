/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/map.h"

/* Before the first call of the program: log first, it tells what the others find. */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM2");
	cpu_init();
	/* No thread-specific key is left: thread exits could not be noticed. */
	if (map_init())
		abort();
}
