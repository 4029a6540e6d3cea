/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "map/registry.h"
#include "map/sync.h"

/* When a thread has noted as many ranges, far apart, they are written back without a drain. */
#define NOTES_MAX 64

/*
 * What one thread has noted, sorted by address, further than WRITEBACK_GAP apart. Its thread adds
 * ranges and drains; another one that closes a map takes out those of that map, after it has
 * written them back. Both hold the lock, also while writing: a drain must not return before ranges
 * that somebody else took over are durable. `count` may be read without it by its own thread.
 */
struct notes {
	pthread_mutex_t lock;
	atomic_uint count;
	struct range ranges[NOTES_MAX];
	bool listed; /* among the threads; its own thread's to read and write */
	struct notes *next, **link;
};

static __thread struct notes notes;

/* The threads that have noted anything. */
static struct {
	pthread_mutex_t lock;
	struct notes *first;
	pthread_key_t at_exit;
} threads;

/* One that tells its own thread so, instead of waiting for it for ever: see process_exits(). */
static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

/* The caller holds the lock of `of`, and reports failures when it holds none any more. */
static void write_ranges(
	struct notes *of, unsigned first, unsigned end, struct writeback_failures *failures)
{
	unsigned count = atomic_load_explicit(&of->count, memory_order_relaxed);

	for (unsigned i = first; i < end; i++)
		sync_pages(of->ranges[i], failures);
	memmove(&of->ranges[first], &of->ranges[end], (count - end) * sizeof(struct range));
	/* Release: a drain that reads 0 without the lock also sees that the pages are durable. */
	atomic_store_explicit(&of->count, count - (end - first), memory_order_release);
}

static void write_all(struct notes *of, struct writeback_failures *failures)
{
	write_ranges(of, 0, atomic_load_explicit(&of->count, memory_order_relaxed), failures);
}

/* The first range that ends at or behind `address`, or count. */
static unsigned first_reaching(const struct notes *of, uintptr_t address)
{
	unsigned count = atomic_load_explicit(&of->count, memory_order_relaxed), i = 0;

	while (i < count && of->ranges[i].to < address)
		i++;
	return i;
}

/* Put a range in its place, joined with all that are near. The caller holds the lock. */
static void add_range(struct notes *of, struct range new, struct writeback_failures *failures)
{
	uintptr_t low = new.from < WRITEBACK_GAP ? 0 : new.from - WRITEBACK_GAP;
	uintptr_t high =
		new.to > UINTPTR_MAX - WRITEBACK_GAP ? UINTPTR_MAX : new.to + WRITEBACK_GAP;
	unsigned count = atomic_load_explicit(&of->count, memory_order_relaxed);
	unsigned first = first_reaching(of, low), end = first;

	while (end < count && of->ranges[end].from <= high)
		end++;
	if (end > first) {
		if (of->ranges[first].from < new.from)
			new.from = of->ranges[first].from;
		if (of->ranges[end - 1].to > new.to)
			new.to = of->ranges[end - 1].to;
	} else if (count == NOTES_MAX) {
		write_all(of, failures);
		first = end = count = 0;
	}
	memmove(&of->ranges[first + 1], &of->ranges[end], (count - end) * sizeof(struct range));
	of->ranges[first] = new;
	atomic_store_explicit(&of->count, count - (end - first) + 1, memory_order_relaxed);
}

/* Make this thread known to those who close maps, and have it drain when it exits. */
static bool enlist(void)
{
	if (notes.listed)
		return true;
	if (pthread_setspecific(threads.at_exit, &notes))
		return false;
	init_lock(&notes.lock);
	pthread_mutex_lock(&threads.lock);
	notes.next = threads.first;
	notes.link = &threads.first;
	if (notes.next)
		notes.next->link = &notes.next;
	threads.first = &notes;
	pthread_mutex_unlock(&threads.lock);
	notes.listed = true;
	return true;
}

static void thread_exits(void *of_thread)
{
	struct notes *of = of_thread;

	writeback_drain();
	if (!of->listed)
		return;
	pthread_mutex_lock(&threads.lock);
	*of->link = of->next;
	if (of->next)
		of->next->link = of->link;
	pthread_mutex_unlock(&threads.lock);
	/* Destructors of other keys may still flush: then it is enlisted, and called, again. */
	of->listed = false;
}

void writeback_note(const void *addr, size_t len)
{
	struct writeback_failures failures = {.count = 0};
	int saved = errno;

	if (!len)
		return;
	struct range pages = range_whole_pages((uintptr_t)addr, len);
	if (enlist()) {
		pthread_mutex_lock(&notes.lock);
		add_range(&notes, pages, &failures);
		pthread_mutex_unlock(&notes.lock);
	} else {
		sync_pages(pages, &failures);
	}
	writeback_failure_report(&failures);
	errno = saved;
}

void writeback_drain(void)
{
	if (likely(!atomic_load_explicit(&notes.count, memory_order_acquire)))
		return;

	struct writeback_failures failures = {.count = 0};
	int saved = errno;
	pthread_mutex_lock(&notes.lock);
	write_all(&notes, &failures);
	pthread_mutex_unlock(&notes.lock);
	writeback_failure_report(&failures);
	errno = saved;
}

static void write_in_map(
	struct notes *of, const struct map *map, struct writeback_failures *failures)
{
	uintptr_t start = (uintptr_t)map->addr, end = start + map->length;

	pthread_mutex_lock(&of->lock);
	unsigned count = atomic_load_explicit(&of->count, memory_order_relaxed);
	unsigned first = first_reaching(of, start + 1), last = first;
	while (last < count && of->ranges[last].from < end)
		last++;
	write_ranges(of, first, last, failures);
	pthread_mutex_unlock(&of->lock);
}

void writeback_map(const struct map *map)
{
	struct writeback_failures failures = {.count = 0};

	pthread_mutex_lock(&threads.lock);
	for (struct notes *of = threads.first; of; of = of->next)
		write_in_map(of, map, &failures);
	pthread_mutex_unlock(&threads.lock);
	writeback_failure_report(&failures);
}

static void before_fork(void)
{
	pthread_mutex_lock(&threads.lock);
	registry_before_fork();
	writeback_failure_before_fork();
}

static void after_fork_in_parent(void)
{
	writeback_failure_after_fork();
	registry_after_fork_in_parent();
	pthread_mutex_unlock(&threads.lock);
}

/* Only this thread lives on. The notes of the others are theirs to drain, in the parent. */
static void after_fork_in_child(void)
{
	writeback_failure_after_fork();
	registry_after_fork_in_child();
	threads.first = NULL;
	notes.listed = false;
	atomic_store_explicit(&notes.count, 0, memory_order_relaxed);
	init_lock(&threads.lock);
}

int writeback_init(void)
{
	init_lock(&threads.lock);
	if (pthread_key_create(&threads.at_exit, thread_exits))
		return -ENOMEM;
	return -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/*
 * exit(3) ends threads without their ceremonies; what they noted is not lost for that. A signal
 * handler that calls exit() may have interrupted this very thread in the middle of a drain: it
 * holds the lock then, and what it was writing is left to the kernel.
 */
static void __attribute__((destructor)) process_exits(void)
{
	struct writeback_failures failures = {.count = 0};

	if (pthread_mutex_lock(&threads.lock))
		return;
	for (struct notes *of = threads.first; of; of = of->next) {
		if (pthread_mutex_lock(&of->lock))
			continue;
		write_all(of, &failures);
		pthread_mutex_unlock(&of->lock);
	}
	pthread_mutex_unlock(&threads.lock);
	writeback_failure_report(&failures);
}
