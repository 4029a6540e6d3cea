/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/map.h"

/*
 * Runs before the program's first call of the library. log_init() comes first, because the
 * functions after it write to the log.
 */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM2");
	cpu_init();
	/*
	 * map_init() fails if no thread-specific key is free. The library needs one, to drain when
	 * a thread exits.
	 */
	if (map_init())
		abort();
}
