/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interrupted.c - tests that no thread waits for ever if one of these events comes while the
 * library is in msync(2): cancellation, fork(2), another thread's first flush, exit(3) and fork(2)
 * in a signal handler; and tests a thread that flushes in the middle of its own exit
 */
#pragma GCC visibility push(default)

#include <dlfcn.h>
#include <limits.h>

#include "api/told-once.h"
#include "api/fixture.h"
#include "emulated.h"

#define PAGES 64

/*
 * Creates a file and returns a map of it. The test can make msync(2) of this file wait; it refers
 * to the file by the number in `*file`.
 */
static struct pmem2_map *new_map(unsigned *file)
{
	int fd = new_file(PAGES * page_size(), file);
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config();
	struct pmem2_map *map;

	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	kernel_maps(pmem2_map_get_address(map), PAGES * page_size(), *file);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
	return map;
}

static void flush(struct pmem2_map *map)
{
	pmem2_get_flush_fn(map)(pmem2_map_get_address(map), 1);
}

static void *persist(void *map)
{
	pmem2_get_persist_fn(map)(pmem2_map_get_address(map), 1);
	pthread_testcancel();
	return NULL;
}

static void *deep_flush(void *map)
{
	pmem2_deep_flush(map, pmem2_map_get_address(map), 1);
	pthread_testcancel();
	return NULL;
}

/*
 * Starts a thread that runs `call`. Returns when the thread is in msync(2), where it waits until
 * the test calls release().
 */
static pthread_t in_msync(void *(*call)(void *), struct pmem2_map *map)
{
	pthread_t thread;

	atomic_store(&kernel->holds_any, true);
	pthread_create(&thread, NULL, call, map);
	pthread_barrier_wait(&kernel->answered);
	return thread;
}

static void release(pthread_t thread, void **result)
{
	pthread_barrier_wait(&kernel->released);
	pthread_join(thread, result);
}

static void cancelled(void *(*call)(void *), const char *name)
{
	unsigned file;
	struct pmem2_map *map = new_map(&file);
	pthread_t thread = in_msync(call, map);
	void *result;

	pthread_cancel(thread);
	release(thread, &result);
	ok(result == PTHREAD_CANCELED,
		"%s: a thread cancelled in msync(2) ends only when its write-back is complete",
		name);
	is_int(pmem2_map_delete(&map), 0,
		"%s: a map that a cancelled thread has used can be deleted", name);
}

static void *cancel_self_and_drain(void *map)
{
	flush(map);
	pthread_cancel(pthread_self());
	pmem2_get_drain_fn(map)();
	return NULL;
}

static void cancelled_before(void)
{
	unsigned file;
	struct pmem2_map *map = new_map(&file);
	pthread_t thread;
	void *result;

	atomic_store(&kernel->calls, 0);
	pthread_create(&thread, NULL, cancel_self_and_drain, map);
	pthread_join(thread, &result);
	ok(result == PTHREAD_CANCELED,
		"drain: a pending cancellation ends the thread before the drain writes anything back");
	is_int(atomic_load(&kernel->calls), 1,
		"N4: a thread that is cancelled in a drain writes back its flushed range");
	pmem2_map_delete(&map);
}

static void *flush_and_drain(void *map)
{
	flush(map);
	pmem2_get_drain_fn(map)();
	return NULL;
}

static void nobody_waits(void)
{
	if (kernel_is_emulated()) {
		skip("fork(2): it does not wait for a write-back of another thread",
			"user-mode QEMU stops at a fork beside a thread in a system call");
		return;
	}
	unsigned file, other_file;
	struct pmem2_map *map = new_map(&file), *other = new_map(&other_file);
	pthread_t thread = in_msync(persist, map), first;
	pid_t pid = fork_silent();

	if (!pid) {
		flush_and_drain(map);
		_exit(pmem2_map_delete(&other) ? 6 : 5);
	}
	ok(true, "fork(2): it does not wait for a write-back of another thread");
	pthread_create(&first, NULL, flush_and_drain, other);
	pthread_join(first, NULL);
	ok(true, "first flush of a thread: it does not wait for a write-back of another thread");
	flush(other);
	is_int(pmem2_map_delete(&other), 0,
		"map_delete: it does not wait for a write-back of another map");
	release(thread, NULL);
	is_int(ending_of(pid), -5,
		"W5: a child waits until a write-back of a thread of its parent ends");
	pmem2_map_delete(&map);
}

static pthread_key_t late_key;
static struct pmem2_map *late_map;

/*
 * A destructor for pthread_key_create(3). The C library calls the destructors of an exiting thread
 * in several rounds; this destructor flushes in the last round.
 */
static void flush_late(void *unused)
{
	static unsigned rounds;

	(void)unused;
	if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
		pthread_setspecific(late_key, &late_key);
		return;
	}
	atomic_store(&kernel->calls, 0);
	flush(late_map);
}

static void *flush_and_exit(void *map)
{
	pthread_setspecific(late_key, map);
	flush(map);
	return NULL;
}

/*
 * The library created its key for thread data before the test created late_key: so in each round of
 * destructors the library's destructor runs before flush_late().
 */
static void late_destructor(void)
{
	unsigned file;
	pthread_t thread;

#ifdef __SANITIZE_THREAD__
	skip("N2: a thread that is exiting flushes after its last drain: this flush is written back at once",
		"the thread sanitizer no longer tracks the exiting thread at this flush");
	return;
#endif
	late_map = new_map(&file);
	pthread_key_create(&late_key, flush_late);
	pthread_create(&thread, NULL, flush_and_exit, late_map);
	pthread_join(thread, NULL);
	is_int(atomic_load(&kernel->calls), 1,
		"N2: a thread that is exiting flushes after its last drain: this flush is written back at once");
	pmem2_get_drain_fn(late_map)();
	is_int(pmem2_map_delete(&late_map), 0,
		"N2: map_delete succeeds for a map that a thread flushed while it was exiting");
	is_int(atomic_load(&kernel->calls), 1,
		"N2: a drain after a flush that was written back at once does not write again");
}

static void exit_now(int signal)
{
	(void)signal;
	exit(7);
}

static void *signal_in_msync(void *process)
{
	pthread_barrier_wait(&kernel->answered);
	pthread_kill(*(pthread_t *)process, SIGUSR1);
	pthread_barrier_wait(&kernel->released);
	return NULL;
}

/*
 * The signal comes while the main thread is in msync(2). Its handler, which calls exit(3), runs as
 * soon as msync(2) returns. At that moment the library still has the map pinned, which means
 * protected from map_delete.
 */
static void exit_in_handler(bool drains)
{
	unsigned file;

#ifdef __SANITIZE_THREAD__
	skip(drains ? "exit(3) from a signal handler that interrupted a drain: the process ends"
		    : "exit(3) from a signal handler that interrupted a map_delete: the process ends",
		"the thread sanitizer runs signal handlers at other moments");
	return;
#endif
	/* Make new barriers: the last child ended while a thread of it waited at the old ones. */
	kernel_open();
	struct pmem2_map *map = new_map(&file);
	pid_t pid = fork_silent();

	if (!pid) {
		pthread_t self = pthread_self(), other;
		signal(SIGUSR1, exit_now);
		alarm(20);
		atomic_store(&kernel->holds_any, true);
		pthread_create(&other, NULL, signal_in_msync, &self);
		flush(map);
		pmem2_get_flush_fn(map)((char *)pmem2_map_get_address(map) + 40 * page_size(), 1);
		if (drains)
			pmem2_get_drain_fn(map)();
		else
			pmem2_map_delete(&map);
		_exit(6);
	}
	is_int(ending_of(pid), -7,
		"exit(3) from a signal handler that interrupted a %s: the process ends",
		drains ? "drain" : "map_delete");
	pmem2_map_delete(&map);
}

static pid_t forked;

static void fork_now(int signal)
{
	(void)signal;
	forked = fork();
}

/*
 * After the fork, parent and child both continue the interrupted persist; then each of them
 * persists again and deletes its map.
 */
static void fork_in_handler(void)
{
	unsigned file;

#ifdef __SANITIZE_THREAD__
	skip("fork(2) in a signal handler that interrupted a persist: parent and child both continue",
		"the thread sanitizer runs signal handlers at other moments");
	return;
#endif
	kernel_open();
	struct pmem2_map *map = new_map(&file);
	pid_t pid = fork_silent();

	if (!pid) {
		pthread_t self = pthread_self(), other;
		signal(SIGUSR1, fork_now);
		alarm(20);
		atomic_store(&kernel->holds_any, true);
		pthread_create(&other, NULL, signal_in_msync, &self);
		persist(map);
		persist(map);
		if (pmem2_map_delete(&map))
			_exit(6);
		_exit(forked && ending_of(forked) != -5 ? 7 : 5);
	}
	is_int(ending_of(pid), -5,
		"fork(2) in a signal handler that interrupted a persist: parent and child both continue");
	pmem2_map_delete(&map);
}

static unsigned stops_left; /* calls of pthread_testcancel() until SIGUSR1 comes; 0: never */

/*
 * Replaces the function of the C library. It is called at the start of each drain, and in each
 * msync(2) of a drain.
 */
void pthread_testcancel(void)
{
	static void (*real)(void);

	if (stops_left && !--stops_left)
		raise(SIGUSR1);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_testcancel");
	real();
}

static void persist_two(struct pmem2_map *map)
{
	flush(map);
	pmem2_get_persist_fn(map)((char *)pmem2_map_get_address(map) + 40 * page_size(), 1);
}

static void copy_two(struct pmem2_map *map)
{
	flush(map);
	pmem2_get_memcpy_fn(map)(
		(char *)pmem2_map_get_address(map) + 40 * page_size(), "text", 4, 0);
}

static void drain_two(struct pmem2_map *map)
{
	flush(map);
	pmem2_get_flush_fn(map)((char *)pmem2_map_get_address(map) + 40 * page_size(), 1);
	pmem2_get_drain_fn(map)();
}

static void delete_two(struct pmem2_map *map)
{
	flush(map);
	pmem2_get_flush_fn(map)((char *)pmem2_map_get_address(map) + 40 * page_size(), 1);
	pmem2_map_delete(&map);
}

/*
 * Parent and child must each write back all ranges, since the other process could be killed before
 * it has written them back.
 */
static void both_write_back(
	void (*call)(struct pmem2_map *), unsigned stops, unsigned calls, const char *when)
{
	unsigned file;

#ifdef __SANITIZE_THREAD__
	skip("fork(2) in a signal handler: parent and child write back all ranges",
		"the thread sanitizer runs signal handlers at other moments");
	return;
#endif
	struct pmem2_map *map = new_map(&file);
	pid_t pid = fork_silent();

	if (!pid) {
		signal(SIGUSR1, fork_now);
		atomic_store(&kernel->calls, 0);
		stops_left = stops;
		call(map);
		stops_left = 0;
		if (!forked)
			_exit(5);
		ending_of(forked);
		_exit((int)atomic_load(&kernel->calls));
	}
	is_int(-ending_of(pid), (int)calls,
		"N8: fork(2) in a signal handler %s: parent and child write back all ranges", when);
	pmem2_map_delete(&map);
}

int main(void)
{
	kernel_open();
	alarm(120);
	cancelled(persist, "persist");
	cancelled(deep_flush, "deep flush");
	cancelled_before();
	nobody_waits();
	late_destructor();
	exit_in_handler(true);
	exit_in_handler(false);
	fork_in_handler();
	both_write_back(persist_two, 1, 4, "between the flush and the drain of a persist");
	both_write_back(persist_two, 2, 3, "between two ranges of a persist");
	both_write_back(copy_two, 1, 4, "between the flush and the drain of a copy");
	both_write_back(drain_two, 1, 4, "at the beginning of a drain");
	both_write_back(drain_two, 2, 3, "between two ranges of a drain");
	both_write_back(delete_two, 1, 3, "between two ranges of a map_delete");
	return tap_done();
}
