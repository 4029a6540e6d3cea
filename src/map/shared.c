/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/shared.h"

#include <string.h>
#include <sys/mman.h>

#include "base/log.h"

_Static_assert(sizeof(struct shared) <= 16 << 10, "the shared memory stays small");
_Static_assert(
	ATOMIC_LLONG_LOCK_FREE == 2, "processes can share atomics only if they are lock-free");

static struct shared alone;

struct shared *shared = &alone;

void shared_init(void)
{
	void *memory = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		shared = memory;
	else
		log_warning(
			"no memory to share with forked children: failed write-backs are not passed on");
	flights_init(&shared->flights);
	failed_files_init(&shared->failed);
}

void shared_after_fork_in_child(void)
{
	if (shared != &alone)
		return;
	memset(&alone.flights, 0, sizeof(alone.flights));
	flights_init(&alone.flights);
	failed_files_init(&alone.failed);
}
