/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/shared.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/racecheck.h"
#include "base/unmap.h"

_Static_assert(sizeof(struct shared) <= 16 << 10,
	"what a process shares with its children takes at most 16 KiB");
_Static_assert(
	ATOMIC_LLONG_LOCK_FREE == 2, "processes can share atomics only if they are lock-free");

_Atomic(struct shared *) shared_memory;

/*
 * Allocates memory by mmap, called through syscall(2). A program's thread sanitizer counts mmap(3)
 * as a write to the memory. If this library is built without the sanitizer, the program's
 * sanitizer does not see that an atomic store publishes the memory, and would report a race.
 */
static struct shared *allocate(int sharing)
{
	long memory = syscall(SYS_mmap, NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		sharing | MAP_ANONYMOUS, -1, 0L);

	return memory == -1 ? NULL : (struct shared *)memory;
}

static void init(struct shared *memory)
{
	flights_init(&memory->flights);
	failed_files_init(&memory->failed);
}

/*
 * Publish new memory to all threads. If several threads make it at once, all use the memory that
 * was published first.
 */
static struct shared *publish(struct shared *memory)
{
	struct shared *first = NULL;

	if (atomic_compare_exchange_strong(&shared_memory, &first, memory))
		return memory;
	unmap(memory, sizeof(*memory));
	return first;
}

struct shared *shared_get(void)
{
	struct shared *memory = shared_if_made();

	if (memory)
		return memory;
	racecheck_ignore(&shared_memory, sizeof(shared_memory));
	memory = allocate(MAP_SHARED);
	if (!memory && (memory = allocate(MAP_PRIVATE))) {
		memory->is_private = true;
		log_warning(
			"cannot share memory with forked children: a failed write-back in one process is not reported in the others");
	}
	if (!memory)
		return NULL;
	racecheck_ignore(memory, sizeof(*memory));
	init(memory);
	return publish(memory);
}

void shared_before_fork(void)
{
	shared_get();
}

/*
 * Initialize the memory again if it could not be shared: the child's private copy may contain
 * locks that are held by threads which exist in the parent only.
 */
void shared_after_fork_in_child(void)
{
	struct shared *memory = shared_if_made();

	flights_after_fork_in_child();
	if (!memory || !memory->is_private)
		return;
	*memory = (struct shared){.is_private = true};
	init(memory);
}
