/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "base/log.h"
#include "map/pages.h"
#include "map/ranges.h"
#include "map/registry.h"
#include "map/writeback_failure.h"

/*
 * What one thread has noted, as whole pages. Its thread adds ranges and drains; another one that
 * closes a map takes out those of that map, after it has written them back. Both hold the lock,
 * also while writing: a drain must not return before ranges that somebody else took over are
 * durable. `count` is that of the ranges, for its own thread to read without the lock.
 */
struct notes {
	pthread_mutex_t lock;
	struct ranges ranges;
	atomic_uint count;
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

/* `in` is what lies under the map: whole pages, though a foreign map may begin and end within. */
static void write_in(struct range in, struct range pages, struct writeback_failures *failures)
{
	if (pages.from < in.from)
		pages.from = in.from;
	if (pages.to > in.to)
		pages.to = in.to;
	int error = pages_sync(pages);
	if (error)
		writeback_failure_add(failures, pages, -error);
	log_debug(
		"wrote back %zu bytes at %#" PRIxPTR, (size_t)(pages.to - pages.from), pages.from);
}

/* Those of the pages that belong to live maps. */
static void write_live(struct range pages, struct writeback_failures *failures)
{
	for (struct map *map; (map = registry_pin(pages.from, pages.to));) {
		struct range in = pages_touched((uintptr_t)map->addr, map->length);
		write_in(in, pages, failures);
		registry_unpin(map);
		if (in.to >= pages.to)
			break;
		pages.from = in.to;
	}
}

/* The caller holds the lock of `of`, and reports failures when it holds none any more. */
static void write_part(
	struct notes *of, struct ranges_part part, struct writeback_failures *failures)
{
	for (unsigned i = part.first; i < part.end; i++)
		write_live(of->ranges.at[i], failures);
	ranges_remove(&of->ranges, part);
	/* Release: a drain that reads 0 without the lock also sees that the pages are durable. */
	atomic_store_explicit(&of->count, of->ranges.count, memory_order_release);
}

static void write_all(struct notes *of, struct writeback_failures *failures)
{
	write_part(of, (struct ranges_part){0, of->ranges.count}, failures);
}

/* The caller holds the lock, as above. */
static void add_range(struct notes *of, struct range pages, struct writeback_failures *failures)
{
	/* Too many ranges, far apart: they are written back without a drain. */
	if (!ranges_add(&of->ranges, pages)) {
		write_all(of, failures);
		ranges_add(&of->ranges, pages);
	}
	atomic_store_explicit(&of->count, of->ranges.count, memory_order_relaxed);
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
	struct range pages = pages_touched((uintptr_t)addr, len);
	if (enlist()) {
		pthread_mutex_lock(&notes.lock);
		add_range(&notes, pages, &failures);
		pthread_mutex_unlock(&notes.lock);
	} else {
		write_live(pages, &failures);
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
	uintptr_t start = (uintptr_t)map->addr;
	struct range bytes = {start, start + map->length};

	pthread_mutex_lock(&of->lock);
	write_part(of, ranges_within(&of->ranges, bytes), failures);
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
	notes.ranges.count = 0;
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
 * exit(3) does not run other threads' key destructors, so what they noted is written back here. A
 * signal handler that calls exit() may have interrupted this very thread in the middle of a drain:
 * it holds the lock then, and what it was writing is left to the kernel.
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
