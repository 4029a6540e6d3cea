/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem/init.h"

#include <stdlib.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "map/acceptance.h"
#include "track/tracker.h"

/*
 * Runs before the program's first call of the library. log_init() comes first, because the
 * functions after it write to the log.
 */
static void __attribute__((constructor)) library_loads(void)
{
	log_init("PMEM");
	log_face_init();
	cpu_init();
	persist_init();
	map_file_init();
	/*
	 * Without fork handlers, a child process might wait for ever for a lock held by a thread
	 * that it does not have.
	 */
	if (tracker_init() || acceptance_init())
		abort();
}
