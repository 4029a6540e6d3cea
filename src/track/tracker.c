/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/tracker.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/racecheck.h"
#include "base/signal_lock.h"
#include "map/file_sync.h"
#include "map/pages.h"
#include "map/place.h"

#define FIRST_ROOM 16

/*
 * The known ranges, sorted by address. The lock guards them and changes of the published copy.
 */
static struct {
	struct signal_lock lock;
	struct tracked *ranges;
	size_t count, room;
} tracker = {.lock = SIGNAL_LOCK_FREE};

/*
 * The array of published ranges that readers search. A reader may still use an array after a
 * larger one has replaced it, so arrays are never freed. Each has twice the size of the previous
 * one, so that all old ones together are smaller than the current one.
 */
struct intervals {
	size_t room;
	struct intervals *smaller; /* the previous array: keeps it reachable for leak checkers */
	struct {
		atomic_uintptr_t from, to;
	} at[];
};

/*
 * The version is odd while a change is being made. A writer stores the odd version first, then the
 * data with release, and the even version last. A reader loads the version first, then the data
 * with acquire, and the version again. A reader that has seen data of an unfinished change
 * therefore sees at least the odd version of that change in its second load.
 */
static struct {
	atomic_uint version;
	atomic_size_t count;
	_Atomic(struct intervals *) intervals;
} published __attribute__((aligned(64)));

/* The index of the first range that ends after `from`. */
static size_t first_after(uintptr_t from)
{
	size_t low = 0, high = tracker.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (tracker.ranges[middle].to > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Make sure that `more` ranges fit, in both arrays, so that a change cannot fail midway. */
static int make_room(size_t more)
{
	size_t room = tracker.room ? tracker.room : FIRST_ROOM;

	while (room - tracker.count < more || room < more)
		room *= 2;
	if (room == tracker.room)
		return 0;
	struct intervals *larger = malloc(sizeof(*larger) + room * sizeof(larger->at[0]));
	struct tracked *ranges = reallocarray(tracker.ranges, room, sizeof(*ranges));
	if (ranges)
		tracker.ranges = ranges;
	if (!larger || !ranges) {
		free(larger);
		return err_set(-ENOMEM, "out of memory to keep track of %zu mappings", room);
	}
	racecheck_ignore(larger->at, room * sizeof(larger->at[0]));
	for (size_t i = 0; i < room; i++) {
		atomic_init(&larger->at[i].from, 0);
		atomic_init(&larger->at[i].to, 0);
	}
	larger->room = room;
	larger->smaller = atomic_load_explicit(&published.intervals, memory_order_relaxed);
	size_t count = atomic_load_explicit(&published.count, memory_order_relaxed);
	for (size_t i = 0; i < count; i++) {
		atomic_init(&larger->at[i].from, atomic_load(&larger->smaller->at[i].from));
		atomic_init(&larger->at[i].to, atomic_load(&larger->smaller->at[i].to));
	}
	/* The larger array has the same contents: the version does not change. */
	atomic_store_explicit(&published.intervals, larger, memory_order_release);
	tracker.room = room;
	return 0;
}

/* Publish the ranges that are persistent memory for readers, with adjacent ranges joined. */
static void publish(void)
{
	struct intervals *to = atomic_load_explicit(&published.intervals, memory_order_relaxed);
	unsigned version = atomic_load_explicit(&published.version, memory_order_relaxed);
	size_t count = 0;
	uintptr_t end = 0;

	atomic_store_explicit(&published.version, version + 1, memory_order_relaxed);
	for (size_t i = 0; i < tracker.count; i++) {
		const struct tracked *range = &tracker.ranges[i];
		if (!range->is_pmem)
			continue;
		if (!count || range->from != end) {
			atomic_store_explicit(
				&to->at[count].from, range->from, memory_order_release);
			count++;
		}
		end = range->to;
		atomic_store_explicit(&to->at[count - 1].to, end, memory_order_release);
	}
	atomic_store_explicit(&published.count, count, memory_order_release);
	atomic_store_explicit(&published.version, version + 2, memory_order_release);
}

/*
 * Cut [from, to) out of the ranges. This may divide a range in two; the caller made room for it.
 */
static void cut(uintptr_t from, uintptr_t to)
{
	size_t first = first_after(from), end = first, kept = 0;
	struct tracked rest[2];

	while (end < tracker.count && tracker.ranges[end].from < to)
		end++;
	if (end == first)
		return;
	if (tracker.ranges[first].from < from) {
		rest[kept] = tracker.ranges[first];
		rest[kept++].to = from;
	}
	if (tracker.ranges[end - 1].to > to) {
		rest[kept] = tracker.ranges[end - 1];
		rest[kept++].from = to;
	}
	memmove(&tracker.ranges[first + kept], &tracker.ranges[end],
		(tracker.count - end) * sizeof(*tracker.ranges));
	memcpy(&tracker.ranges[first], rest, kept * sizeof(*rest));
	tracker.count = tracker.count - (end - first) + kept;
}

int tracker_add(const struct tracked *range)
{
	uintptr_t whole = range->from + pages_round_up(range->to - range->from);

	signal_lock_take(&tracker.lock);
	int error = make_room(2);
	if (!error) {
		cut(range->from, whole);
		size_t index = first_after(range->from);
		memmove(&tracker.ranges[index + 1], &tracker.ranges[index],
			(tracker.count - index) * sizeof(*tracker.ranges));
		tracker.ranges[index] = *range;
		tracker.count++;
		publish();
	}
	signal_lock_release(&tracker.lock);
	return error;
}

/* True if a known range has a byte in [from, to). The caller holds the lock. */
static bool knows(uintptr_t from, uintptr_t to)
{
	size_t index = first_after(from);

	return index < tracker.count && tracker.ranges[index].from < to;
}

static void forget(uintptr_t from, uintptr_t to)
{
	if (knows(from, to)) {
		cut(from, to);
		publish();
	}
}

int tracker_forget(uintptr_t from, uintptr_t to)
{
	signal_lock_take(&tracker.lock);
	int error = knows(from, to) ? make_room(1) : 0;
	if (!error)
		forget(from, to);
	signal_lock_release(&tracker.lock);
	return error;
}

int tracker_unmap(void *addr, size_t length)
{
	uintptr_t from = (uintptr_t)addr;
	size_t whole = pages_round_up(length);

	if (!whole || whole > UINTPTR_MAX - from)
		return err_set(-EINVAL,
			"cannot unmap %zu bytes at %p: an empty or impossible range", length, addr);
	file_sync_forget((struct range){from, from + whole});
	signal_lock_take(&tracker.lock);
	int error = knows(from, from + whole) ? make_room(1) : 0;
	if (!error)
		error = place_release(addr, whole);
	if (!error)
		forget(from, from + whole);
	signal_lock_release(&tracker.lock);
	return error;
}

bool tracker_find(uintptr_t from, uintptr_t to, struct tracked *found)
{
	signal_lock_take(&tracker.lock);
	bool known = from < to && knows(from, to);
	if (known)
		*found = tracker.ranges[first_after(from)];
	signal_lock_release(&tracker.lock);
	return known;
}

/*
 * Search the published ranges once. Another thread may change them meanwhile: then the result may
 * be wrong.
 */
static bool covers_now(uintptr_t from, uintptr_t to)
{
	struct intervals *in = atomic_load_explicit(&published.intervals, memory_order_acquire);
	size_t low = 0, high = atomic_load_explicit(&published.count, memory_order_acquire);

	if (!in)
		return false;
	if (high > in->room)
		high = in->room;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (atomic_load_explicit(&in->at[middle].to, memory_order_acquire) <= from)
			low = middle + 1;
		else if (atomic_load_explicit(&in->at[middle].from, memory_order_acquire) > from)
			high = middle;
		else
			return atomic_load_explicit(&in->at[middle].to, memory_order_acquire) >= to;
	}
	return false;
}

bool tracker_covers(uintptr_t from, uintptr_t to)
{
	if (from >= to)
		return false;
	for (unsigned tries = 1;; tries++) {
		unsigned version = atomic_load_explicit(&published.version, memory_order_acquire);
		bool covers = covers_now(from, to);
		if (likely(!(version & 1) && version == atomic_load_explicit(&published.version,
								memory_order_relaxed)))
			return covers;
		/*
		 * The thread that changes the ranges may have been preempted: give it the CPU now
		 * and then.
		 */
		if (tries % 16 == 0)
			sched_yield();
	}
}

static void before_fork(void)
{
	signal_lock_take(&tracker.lock);
}

static void after_fork(void)
{
	signal_lock_release(&tracker.lock);
}

static void after_fork_in_child(void)
{
	signal_lock_release_in_child(&tracker.lock);
}

int tracker_init(void)
{
	racecheck_ignore(&published, sizeof(published));
	return -pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
