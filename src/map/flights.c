/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/flights.h"

#include <unistd.h>

#include "map/mapped_file.h"
#include "map/robust_lock.h"

/* The digest of a file that is not known. */
#define ANY_FILE 1

void flights_init(struct flights *flights)
{
	for (unsigned i = 0; i < FLIGHTS_MAX; i++)
		robust_lock_init(&flights->list[i].lock);
}

/* Two files with one digest wait for each other, which does no harm. */
static uint64_t digest(struct file_id file)
{
	if (!file_id_is_known(file))
		return ANY_FILE;
	return (file.device * 0x9e3779b97f4a7c15 + file.inode) | 2;
}

/* Threads begin their search at different places. */
static unsigned first_place(void)
{
	static __thread char of_thread;

	return (unsigned)((uintptr_t)&of_thread >> 12) % FLIGHTS_MAX;
}

static struct flight *take_free(struct flights *flights, unsigned first, bool also_awaited)
{
	for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &flights->list[(first + i) % FLIGHTS_MAX];
		if (!also_awaited && atomic_load_explicit(&flight->waiting, memory_order_relaxed))
			continue;
		if (robust_lock_try(&flight->lock))
			return flight;
	}
	return NULL;
}

struct flight *flights_begin(struct flights *flights, struct file_id file, struct range range)
{
	unsigned first = first_place();
	struct flight *flight = take_free(flights, first, false);

	if (!flight)
		flight = take_free(flights, first, true);
	if (!flight) {
		flight = &flights->list[first];
		/* This very thread has it: exit(3) was called by a signal handler. */
		if (!robust_lock_take(&flight->lock))
			return NULL;
	}
	atomic_store_explicit(&flight->from, range.from, memory_order_relaxed);
	atomic_store_explicit(&flight->to, range.to, memory_order_relaxed);
	atomic_store_explicit(&flight->pid, getpid(), memory_order_relaxed);
	/*
	 * Sequentially consistent, as the load in flights_wait(): a waiter that does not see this
	 * flight has asked the kernel before this thread does.
	 */
	atomic_store(&flight->file, digest(file));
	return flight;
}

void flights_end(struct flight *flight)
{
	if (!flight)
		return;
	atomic_store(&flight->file, 0);
	robust_lock_release(&flight->lock);
}

/*
 * Whether a flight turns out to be one of another file, looked up in the list of mappings, which
 * is that of this process. A range with several files may have any of them.
 */
static bool is_of_other_file(struct flight *flight, struct range range)
{
	struct range their_range = {
		atomic_load_explicit(&flight->from, memory_order_relaxed),
		atomic_load_explicit(&flight->to, memory_order_relaxed),
	};
	struct file_id ours, theirs;

	return atomic_load_explicit(&flight->pid, memory_order_relaxed) == getpid() &&
	       !mapped_file_id(range, &ours) && !mapped_file_id(their_range, &theirs) &&
	       !file_id_equals(theirs, ours);
}

static void wait_for(struct flight *flight, bool is_known, struct range range)
{
	atomic_fetch_add_explicit(&flight->waiting, 1, memory_order_relaxed);
	bool locked = robust_lock_try(&flight->lock);
	if (!locked && (is_known || !is_of_other_file(flight, range)))
		locked = robust_lock_take(&flight->lock);
	if (locked) {
		/* A thread that died has left it. */
		atomic_store_explicit(&flight->file, 0, memory_order_relaxed);
		robust_lock_release(&flight->lock);
	}
	atomic_fetch_sub_explicit(&flight->waiting, 1, memory_order_relaxed);
}

void flights_wait(struct flights *flights, struct file_id file, struct range range)
{
	uint64_t ours = digest(file);

	for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &flights->list[i];
		uint64_t theirs = atomic_load(&flight->file);
		if (theirs && (theirs == ours || theirs == ANY_FILE || ours == ANY_FILE))
			wait_for(flight, theirs == ours && ours != ANY_FILE, range);
	}
}
