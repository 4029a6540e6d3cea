/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/acceptance.h"

#include <stddef.h>
#include <sys/mman.h>

#include "base/signal_lock.h"
#include "map/epoch_ranges.h"
#include "map/shared.h"

struct sets {
	struct epoch_ranges accepted, told;
	/* those ranges of `accepted` that are accepted in forked children, too */
	struct epoch_ranges new_maps;
};

/*
 * Sets of address ranges, for the failures that the program knows of. They are allocated at the
 * first failure, so that programs without a failure start faster.
 */
static struct {
	struct signal_lock lock;
	struct sets *sets;
} known = {.lock = SIGNAL_LOCK_FREE};

/*
 * Returns the sets, and allocates them if needed. NULL if there is no memory: then each failure is
 * reported again. The caller holds the lock.
 */
static struct sets *sets_get(void)
{
	if (known.sets)
		return known.sets;
	void *memory = mmap(NULL, sizeof(struct sets), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED)
		known.sets = memory;
	return known.sets;
}

/* Adds a range to the set at the offset `of` in struct sets. */
static void add(size_t of, struct file_id file, struct range range, uint64_t epoch)
{
	/*
	 * Epoch 0 means that the failure was not recorded, so that nothing needs to be accepted.
	 */
	if (!epoch)
		return;
	signal_lock_take(&known.lock);
	char *sets = (char *)sets_get();
	if (sets)
		epoch_ranges_add((struct epoch_ranges *)(sets + of), file, range, epoch);
	signal_lock_release(&known.lock);
}

static bool covers(size_t in, struct file_id file, struct range range, uint64_t epoch)
{
	signal_lock_take(&known.lock);
	char *sets = (char *)known.sets;
	bool covered =
		sets && epoch_ranges_cover((struct epoch_ranges *)(sets + in), file, range, epoch);
	signal_lock_release(&known.lock);
	return covered;
}

void acceptance_add(struct file_id file, struct range range, uint64_t epoch)
{
	add(offsetof(struct sets, accepted), file, range, epoch);
}

void acceptance_add_new_map(struct file_id file, struct range range, uint64_t epoch)
{
	add(offsetof(struct sets, accepted), file, range, epoch);
	add(offsetof(struct sets, new_maps), file, range, epoch);
}

void acceptance_add_told(struct file_id file, struct range range, uint64_t epoch)
{
	add(offsetof(struct sets, told), file, range, epoch);
}

void acceptance_forget(struct range range)
{
	signal_lock_take(&known.lock);
	if (known.sets) {
		epoch_ranges_remove(&known.sets->accepted, range);
		epoch_ranges_remove(&known.sets->new_maps, range);
		epoch_ranges_remove(&known.sets->told, range);
	}
	signal_lock_release(&known.lock);
}

bool acceptance_covers(struct file_id file, struct range range, uint64_t epoch)
{
	return covers(offsetof(struct sets, accepted), file, range, epoch);
}

bool acceptance_was_told(struct file_id file, struct range range, uint64_t epoch)
{
	return covers(offsetof(struct sets, told), file, range, epoch);
}

static void before_fork(void)
{
	shared_before_fork();
	signal_lock_take(&known.lock);
}

static void after_fork(void)
{
	signal_lock_release(&known.lock);
}

static void after_fork_in_child(void)
{
	shared_after_fork_in_child();
	if (known.sets) {
		known.sets->accepted = known.sets->new_maps;
		epoch_ranges_clear(&known.sets->told);
	}
	signal_lock_release_in_child(&known.lock);
}

int acceptance_init(void)
{
	return -pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
