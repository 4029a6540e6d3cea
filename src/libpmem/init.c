/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem/init.h"

#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/acceptance.h"
#include "track/tracker.h"

/* Runs before the first call of the program. The log comes first, since the others write to it. */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM");
	log_face_init();
	cpu_init();
	persist_init();
	map_file_init();
	/* Fork handlers must exist: a child would wait for ever for locks of threads it lacks. */
	if (tracker_init() || acceptance_init())
		abort();
}
