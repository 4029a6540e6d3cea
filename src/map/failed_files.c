/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/failed_files.h"

#include <sched.h>

#include "base/signal_lock.h"
#include "map/robust_lock.h"

void failed_files_init(struct failed_files *table)
{
	robust_lock_init(&table->lock);
}

static bool ids_equal(const struct file_ids *ids, const struct file_ids *other)
{
	return file_id_equals(ids->stat, other->stat) && file_id_equals(ids->listed, other->listed);
}

/*
 * Returns the entry of the table to record a failure of this file in: the file's own entry, a free
 * one or, if the table is full, `any`. The caller holds the lock.
 */
static struct failed_write *place_of(struct failed_files *table, const struct file_ids *file)
{
	if (!file_id_is_known(file->stat) && !file_id_is_known(file->listed))
		return &table->any;
	for (unsigned i = 0; i < table->count; i++)
		if (ids_equal(&table->list[i].file, file))
			return &table->list[i].write;
	if (table->count == FAILED_FILES_MAX)
		return &table->any;
	table->list[table->count].file = *file;
	return &table->list[table->count].write;
}

/*
 * Store a failure in its entry of the table. If the process is killed in this function, the table
 * is still valid: the entry holds either the old failure or the new one, and `count` is raised
 * last.
 */
static void put(struct failed_files *table, struct failed_write *place,
	const struct failed_write *write, uint64_t epoch)
{
	place->offset = write->offset;
	place->length = write->length;
	place->error = write->error;
	atomic_signal_fence(memory_order_seq_cst);
	place->epoch = epoch;
	atomic_signal_fence(memory_order_seq_cst);
	if (place != &table->any && place == &table->list[table->count].write)
		table->count++;
}

/*
 * Take the table's lock. Signals are blocked while it is held, so that a signal handler does not
 * try to take it again in the same thread. Taking it fails only while it is held by a thread that
 * has the same number as this one, in another PID namespace.
 */
static void take_lock(struct failed_files *table, sigset_t *before)
{
	signals_block(before);
	while (!robust_lock_take(&table->lock))
		sched_yield();
}

static void release_lock(struct failed_files *table, const sigset_t *before)
{
	robust_lock_release(&table->lock);
	signals_restore(before);
}

uint64_t failed_files_record(
	struct failed_files *table, const struct file_ids *file, const struct failed_write *write)
{
	sigset_t before;

	take_lock(table, &before);
	uint64_t epoch = atomic_load_explicit(&table->epoch, memory_order_relaxed) + 1;

	put(table, place_of(table, file), write, epoch);
	/*
	 * Release order: a thread that loads this epoch, the number of the latest failure, also
	 * finds the failure itself in the table.
	 */
	atomic_store_explicit(&table->epoch, epoch, memory_order_release);
	release_lock(table, &before);
	return epoch;
}

static void keep_later(struct failed_write *found, const struct failed_write *write)
{
	if (write->epoch > found->epoch)
		*found = *write;
}

bool failed_files_find(struct failed_files *table, const struct file_ids *file, uint64_t since,
	struct failed_write *found)
{
	struct failed_write latest = {.epoch = since};
	sigset_t before;

	take_lock(table, &before);
	keep_later(&latest, &table->any);
	for (unsigned i = 0; i < table->count; i++)
		if (file_ids_may_be_one(&table->list[i].file, file))
			keep_later(&latest, &table->list[i].write);
	release_lock(table, &before);
	if (latest.epoch == since)
		return false;
	*found = latest;
	return true;
}
