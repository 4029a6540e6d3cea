/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/acceptance.h"

#include "base/checked_lock.h"
#include "map/epoch_ranges.h"
#include "map/shared.h"

static struct {
	pthread_mutex_t lock;
	struct epoch_ranges accepted, told;
} known;

static void add(struct epoch_ranges *to, struct file_id file, struct range range, uint64_t epoch)
{
	/* Epoch 0: a failure that was not recorded, of which nothing has to be known. */
	if (!epoch || !checked_lock_take(&known.lock))
		return;
	epoch_ranges_add(to, file, range, epoch);
	checked_lock_release(&known.lock);
}

static bool covers(struct epoch_ranges *in, struct file_id file, struct range range, uint64_t epoch)
{
	if (!checked_lock_take(&known.lock))
		return false;
	bool covered = epoch_ranges_cover(in, file, range, epoch);
	checked_lock_release(&known.lock);
	return covered;
}

void acceptance_add(struct file_id file, struct range range, uint64_t epoch)
{
	add(&known.accepted, file, range, epoch);
}

void acceptance_add_told(struct file_id file, struct range range, uint64_t epoch)
{
	add(&known.told, file, range, epoch);
}

bool acceptance_covers(struct file_id file, struct range range, uint64_t epoch)
{
	return covers(&known.accepted, file, range, epoch);
}

bool acceptance_was_told(struct file_id file, struct range range, uint64_t epoch)
{
	return covers(&known.told, file, range, epoch);
}

static void before_fork(void)
{
	checked_lock_take(&known.lock);
}

static void after_fork(void)
{
	checked_lock_release(&known.lock);
}

static void after_fork_in_child(void)
{
	checked_lock_init(&known.lock);
	shared_after_fork_in_child();
	epoch_ranges_clear(&known.accepted);
	epoch_ranges_clear(&known.told);
}

int acceptance_init(void)
{
	checked_lock_init(&known.lock);
	return -pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
