/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem/init.h"

#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/acceptance.h"
#include "track/tracker.h"

/* Before the first call of the program: log first, it tells what the others find. */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM");
	log_face_init();
	cpu_init();
	persist_init();
	map_file_init();
	/* No memory for a fork handler: a child could wait for ever for a lock that nobody has. */
	if (tracker_init() || acceptance_init())
		abort();
}
