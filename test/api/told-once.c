/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * told-once.c - tests W1 to W9 of map/writeback_failure.h: after a failed write-back, each map,
 * thread and process that uses the file gets an error, although the kernel reports the failure only
 * once
 */
#pragma GCC visibility push(default)

#include "api/told-once.h"

#include <libpmem2/holdfast.h>
#include <setjmp.h>

#include "api/fixture.h"
#include "emulated.h"

#define PAGES 256
#define FAR   32 /* distance in pages: two ranges so far apart need two calls of msync(2) */

/* A map of a test file, and its address. */
struct view {
	struct pmem2_map *map;
	char *addr;
};

static struct view map_fd(int fd, unsigned file)
{
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config();
	struct view view;

	if (pmem2_map_new(&view.map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	view.addr = pmem2_map_get_address(view.map);
	kernel_maps(view.addr, PAGES * page_size(), file);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	return view;
}

/*
 * Creates a file in memory and maps it. Stores to `*file` the number by which lose() refers to this
 * file.
 */
static struct view new_view(unsigned *file)
{
	int fd = new_file(PAGES * page_size(), file);
	struct view view = map_fd(fd, *file);

	close(fd);
	return view;
}

static char *page_of(struct view view, size_t page)
{
	return view.addr + page * page_size();
}

static int deep(struct view view, size_t page)
{
	return pmem2_deep_flush(view.map, page_of(view, page), 1);
}

static void persist(struct view view, size_t page)
{
	*page_of(view, page) = 1;
	pmem2_get_persist_fn(view.map)(page_of(view, page), 1);
}

static void flush(struct view view, size_t page)
{
	*page_of(view, page) = 1;
	pmem2_get_flush_fn(view.map)(page_of(view, page), 1);
}

static void drain(struct view view)
{
	pmem2_get_drain_fn(view.map)();
}

/*
 * Recorded by tell(), the write-back handler of this test: the number of its calls and the first 8
 * failures.
 */
static struct {
	unsigned calls;
	struct holdfast_writeback_failure all[8];
	bool leaves; /* the next call of tell() leaves by siglongjmp to `away` */
} told;

static sigjmp_buf away;

static enum holdfast_writeback_verdict tell(
	const struct holdfast_writeback_failure *failure, void *context)
{
	(void)context;
	if (told.calls < 8)
		told.all[told.calls] = *failure;
	told.calls++;
	if (told.leaves) {
		told.leaves = false;
		siglongjmp(away, 1);
	}
	return HOLDFAST_WRITEBACK_LOST;
}

/*
 * Returns how often the write-back handler was called since the last call of calls() or handle().
 */
static unsigned calls(void)
{
	unsigned count = told.calls;

	told.calls = 0;
	return count;
}

static bool told_page(unsigned call, struct view view, size_t page, int error, unsigned flags)
{
	const struct holdfast_writeback_failure *one = &told.all[call];
	bool same = one->addr == page_of(view, page) && one->length == page_size() &&
		    one->offset == page * page_size() && one->error == error && one->flags == flags;

	if (!same)
		diag("%zu bytes at %p, offset %llu, error %d, flags %u", one->length, one->addr,
			(unsigned long long)one->offset, one->error, one->flags);
	return same;
}

static void handle(bool yes)
{
	told.calls = 0;
	holdfast_set_writeback_handler(yes ? tell : NULL, NULL);
}

/*
 * Forks a child, without a write-back handler, that makes the call `call`. Returns the number of
 * the signal that ends the child, or -5 if the call returns, since the child then exits with 5.
 */
static int ending(void (*call)(struct view), struct view view)
{
	pid_t pid = fork_silent();

	if (!pid) {
		handle(false);
		call(view);
		_exit(5);
	}
	return ending_of(pid);
}

static void persist_first(struct view view)
{
	persist(view, 0);
}

static void flush_and_drain(struct view view)
{
	flush(view, 0);
	drain(view);
}

static void *deep_in_thread(void *view)
{
	return (void *)(intptr_t)deep(*(struct view *)view, 3);
}

static int deep_by_thread(struct view view)
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, deep_in_thread, &view);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

static int open_again(int fd)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_RDWR | O_CLOEXEC);
}

static void retried(void)
{
	unsigned file, other_file;
	struct view view = new_view(&file), other = new_view(&other_file);

	lose(file, EIO);
	is_int(deep(view, 0), -EIO,
		"W2: msync(2) fails with EIO: the deep flush returns this error");
	is_int(deep(view, 0), -EIO, "W6: a deep flush has failed: a second deep flush fails again");
	has_str(pmem2_errormsg(), "may not be durable",
		"W6: a deep flush has failed: the message of a second one says what may not be durable");
	*view.addr = 2;
	is_int(deep(view, 0), -EIO,
		"W6: two deep flushes have failed: a third one fails again, even after a new store");
	is_int(deep(view, 9), -EIO,
		"W4: the write-back of a page has failed: a deep flush of another page of the file fails, too");
	is_int(deep_by_thread(view), -EIO,
		"W4: a write-back has failed in one thread: a deep flush of the file in another thread fails, too");
	is_int(deep(other, 0), 0,
		"W1: the write-back of one file has failed: a deep flush of another file succeeds");
	is_int(ending(persist_first, view), SIGABRT,
		"W6: the write-back of a file has failed: a persist of the file ends a process without a write-back handler");
	is_int(ending(flush_and_drain, view), SIGABRT,
		"W6: the write-back of a file has failed: a drain for the file ends a process without a write-back handler");
	is_int(ending(persist_first, other), -5,
		"W1: the write-back of one file has failed: a persist of another file does not end the process");
	lose(other_file, EROFS);
	is_int(deep(other, 0), -EROFS,
		"W2: msync(2) fails with EROFS, as on a read-only file system: the deep flush returns this error");
	is_int(deep(other, 1), -EROFS,
		"W2: msync(2) has failed with EROFS: a second deep flush of the file fails, too");
	is_int(deep(view, 1), -EIO,
		"W1: write-backs of two files have failed with different errors: a deep flush returns the error of its own file");
	pmem2_map_delete(&view.map);
	pmem2_map_delete(&other.map);
}

static void several_maps(void)
{
	unsigned file;
	int fd = new_file(PAGES * page_size(), &file), again = open_again(fd);
	struct view first = map_fd(fd, file), second = map_fd(fd, file), third;

	if (again < 0)
		bail("cannot open a file in memory again: %m");
	third = map_fd(again, file);
	lose(file, ENOSPC);
	is_int(deep(first, 0), -ENOSPC,
		"W2: msync(2) fails with ENOSPC, as on a full disk: the deep flush returns this error");
	is_int(deep(second, 1), -ENOSPC,
		"W4: a write-back has failed: a deep flush of a second map, made from the same descriptor, fails, too");
	is_int(deep(third, 2), -ENOSPC,
		"W4: a write-back has failed: a deep flush of a third map, made from another descriptor of the file, fails, too");
	is_int(ending(persist_first, second), SIGABRT,
		"W6: a write-back through one map has failed: a persist of another map of the file ends the process");
	struct view later = map_fd(fd, file);
	is_int(deep(later, 1), 0,
		"W4: a map is made after a failed write-back of its file: a deep flush of this map succeeds");
	is_int(deep(second, 1), -ENOSPC,
		"W7: a map was made before a failed write-back of its file: its deep flush still fails after a new map is made");
	pmem2_map_delete(&first.map);
	pmem2_map_delete(&second.map);
	pmem2_map_delete(&third.map);
	pmem2_map_delete(&later.map);
	close(again);
	close(fd);
}

/*
 * Tests memory that the program maps with mmap(2) before a failure, and from which it makes a map
 * with pmem2_map_from_existing() after the failure.
 */
static void foreign(void)
{
	unsigned file;
	int fd = new_file(PAGES * page_size(), &file);
	size_t length = PAGES * page_size();
	struct view view = map_fd(fd, file), adopted;
	struct pmem2_source *src = source_of(fd);

	adopted.addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (adopted.addr == MAP_FAILED)
		bail("cannot map a file: %m");
	kernel_maps(adopted.addr, length, file);
	lose(file, EIO);
	deep(view, 0);
	is_int(pmem2_map_from_existing(
		       &adopted.map, src, adopted.addr, length, PMEM2_GRANULARITY_PAGE),
		0, "map_from_existing: memory of a file with a failed write-back is accepted");
	is_int(deep(adopted, 1), -EIO,
		"W4: memory was mapped before a failed write-back of its file, and given to map_from_existing afterwards: a deep flush fails");
	pmem2_map_delete(&adopted.map);

	/*
	 * Accept the failure for the map `view` and delete this map. Then move the memory that the
	 * test has mapped itself to the address of the deleted map.
	 */
	holdfast_writeback_accept(view.addr, length);
	pmem2_map_delete(&view.map);
	if (mremap(adopted.addr, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, view.addr) !=
		view.addr)
		bail("cannot move a mapping: %m");
	kernel_maps(adopted.addr = view.addr, length, file);
	is_int(pmem2_map_from_existing(
		       &adopted.map, src, adopted.addr, length, PMEM2_GRANULARITY_PAGE),
		0, "map_from_existing: memory at the address of a deleted map is accepted");
	is_int(deep(adopted, 1), -EIO,
		"W7: a failure that was accepted for a deleted map is not accepted for later memory at the same address");
	pmem2_map_delete(&adopted.map);
	pmem2_source_delete(&src);
	munmap(adopted.addr, length);
	close(fd);
}

static void not_mapped(void)
{
	unsigned file;
	struct view view = new_view(&file);

	munmap(page_of(view, 1), page_size());
	is_int(deep(view, 1), -ENOMEM,
		"W2: a deep flush of a page that is not mapped returns ENOMEM");
	is_int(deep(view, 0), 0,
		"W2: a page is not mapped, and its deep flush has failed: a deep flush of a mapped page succeeds");
	lose(file, EINVAL);
	is_int(deep(view, 0), -EINVAL,
		"W2: msync(2) fails with EINVAL: the deep flush returns this error");
	is_int(deep(view, 0), 0,
		"W2: a deep flush has returned EINVAL, which is not a failure of the file: the next deep flush succeeds");
	lose(file, ENOMEM);
	is_int(deep(view, 0), -ENOMEM,
		"W2: msync(2) fails with ENOMEM for mapped memory: the deep flush returns this error");
	is_int(deep(view, 0), -ENOMEM,
		"W2: a deep flush of mapped memory has returned ENOMEM: the next deep flush fails again");
	pmem2_map_delete(&view.map);
}

/* Tests a store that is made before a failure and flushed after the failure. */
static void older_than_its_note(void)
{
	unsigned file;
	struct view view = new_view(&file);

	handle(true);
	*page_of(view, 5) = 1;
	lose(file, EIO);
	deep(view, 0);
	flush(view, 5);
	drain(view);
	is_int(calls(), 1,
		"W4: a store is made before a failed write-back of its file, and flushed afterwards: the drain calls the write-back handler");
	ok(told_page(0, view, 5, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: write-back handler: the failure is flagged UNCERTAIN for a range whose own write-back succeeded");
	pmem2_map_delete(&view.map);
	handle(false);
}

static void *persist_in_thread(void *view)
{
	persist(*(struct view *)view, 0);
	return NULL;
}

/*
 * Releases the thread or process that waits in msync(2). Sleeps first, so that other threads or
 * processes have time to return if they wrongly do not wait.
 */
static void release_late(void)
{
	usleep(50000);
	pthread_barrier_wait(&kernel->released);
}

/*
 * Tests a thread whose msync(2) returns 0 before another thread has recorded the error of its own
 * msync(2).
 */
static void under_way_in_thread(void)
{
	unsigned file;
	struct view view = new_view(&file);
	pthread_t fails, asks;
	void *result;

	handle(true);
	lose(file, EIO);
	atomic_store(&kernel->holds, true);
	pthread_create(&fails, NULL, persist_in_thread, &view);
	pthread_barrier_wait(&kernel->answered);
	pthread_create(&asks, NULL, deep_in_thread, &view);
	release_late();
	pthread_join(fails, NULL);
	pthread_join(asks, &result);
	is_int((intptr_t)result, -EIO,
		"W5: a deep flush whose msync(2) returned 0 waits for the msync(2) of another thread, and fails if that one failed");
	is_int(calls(), 1,
		"W5: the write-back handler is called for the thread whose msync(2) failed");
	pmem2_map_delete(&view.map);
	handle(false);
}

/*
 * Starts a child whose msync(2) gets the kernel's error, and does not return until the test
 * releases it.
 */
static pid_t failing_child(struct view view, unsigned file)
{
	lose(file, EIO);
	atomic_store(&kernel->holds, true);
	pid_t pid = fork_silent();
	if (!pid)
		_exit(deep(view, 0) == -EIO ? 5 : 6);
	pthread_barrier_wait(&kernel->answered);
	return pid;
}

/*
 * Must be the last test: the test kills a child that waits at the first barrier of msync(2), so
 * that the second barrier cannot be used again.
 */
static void under_way_in_child(void)
{
	unsigned file;
	struct view view = new_view(&file);
	pthread_t asks;
	void *result;

	pid_t pid = failing_child(view, file);
	pthread_create(&asks, NULL, deep_in_thread, &view);
	release_late();
	is_int(ending_of(pid), -5,
		"W2: msync(2) fails in a child: the child's deep flush returns this error");
	pthread_join(asks, &result);
	is_int((intptr_t)result, -EIO,
		"W5: a deep flush in the parent waits for the msync(2) of a child, and fails if that one failed");
	pmem2_map_delete(&view.map);

	if (!locks_of_the_dead_are_passed_on()) {
		skip("W5: a deep flush in the parent does not wait for a child that was killed in msync(2)",
			LOCKS_OF_THE_DEAD_ARE_LOST);
		return;
	}
	view = new_view(&file);
	pid = failing_child(view, file);
	pthread_create(&asks, NULL, deep_in_thread, &view);
	kill(pid, SIGKILL);
	is_int(ending_of(pid), SIGKILL,
		"W5: the signal of the test kills a child that waits in msync(2)");
	pthread_join(asks, &result);
	is_int((intptr_t)result, 0,
		"W5: a deep flush in the parent does not wait for a child that was killed in msync(2)");
	pmem2_map_delete(&view.map);
}

static void forked(void)
{
	unsigned file;
	struct view view = new_view(&file);

	flush(view, 40);
	lose(file, EIO);
	is_int(ending(persist_first, view), SIGABRT,
		"W6: a persist fails in a child that has no write-back handler: this ends the child");
	is_int(deep(view, 1), -EIO,
		"W1: a write-back has failed in a child: a deep flush in the parent fails, too");
	is_int(ending(persist_first, view), SIGABRT,
		"W1: a write-back has failed in a child: a persist in a second child ends this child, too");
	handle(true);
	drain(view);
	is_int(calls(), 1,
		"W1: a write-back has failed in a child: a drain in the parent calls the parent's write-back handler");
	pmem2_map_delete(&view.map);
	handle(false);
}

/*
 * Tests that after a failed write-back in a child of a child, flushes in the parent and the
 * grandparent fail, too.
 */
static void forked_twice(void)
{
	unsigned file;
	struct view view = new_view(&file);

	lose(file, EIO);
	pid_t pid = fork_silent();
	if (!pid) {
		int ended = ending(persist_first, view);
		_exit(ended == SIGABRT && deep(view, 1) == -EIO ? 5 : 6);
	}
	is_int(ending_of(pid), -5,
		"W1: a write-back has failed in a child of a child: a deep flush in its parent fails, too");
	is_int(deep(view, 1), -EIO,
		"W1: a write-back has failed in a child of a child: a deep flush in its grandparent fails, too");
	pmem2_map_delete(&view.map);
}

/* Must be the first test: before the fork, no process has written anything back. */
static void forked_first(void)
{
	unsigned file;
	struct view view = new_view(&file);

	lose(file, EIO);
	is_int(ending(persist_first, view), SIGABRT,
		"W6: a child is the first process that writes back, and its persist fails: this ends the child");
	is_int(deep(view, 1), -EIO,
		"W1: the first write-back of a child failed: the parent's deep flush fails, too");
	pmem2_map_delete(&view.map);
}

static void accepted_by_handler(void)
{
	unsigned file;
	struct view view = new_view(&file);

	handle(true);
	lose(file, EIO);
	persist(view, 0);
	is_int(calls(), 1,
		"W6: the write-back of a persist fails: the persist calls the write-back handler once");
	ok(told_page(0, view, 0, EIO, 0),
		"W8: write-back handler: it gets the page of the failed range, without the flag UNCERTAIN");
	persist(view, 0);
	is_int(calls(), 0,
		"W7: the write-back handler has accepted the failure for a range: the next persist of the range does not call the handler");
	persist(view, FAR);
	is_int(calls(), 1,
		"W7: the write-back handler has accepted the failure for one range: a persist of another range calls the handler");
	ok(told_page(0, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: write-back handler: the failure is flagged UNCERTAIN for a page other than the one that failed");
	pmem2_get_persist_fn(view.map)(view.addr, 2 * page_size());
	is_int(calls(), 1,
		"W7: the write-back handler has accepted the failure for half of a range: a persist of the range calls the handler");
	is_int(deep(view, 0), 0,
		"W7: the write-back handler has accepted the failure for a page: a deep flush of the page succeeds");
	is_int(deep(view, 2), -EIO,
		"W7: nobody has accepted the failure for a page: a deep flush of the page fails");
	lose(file, ENOSPC);
	is_int(deep(view, 2), -ENOSPC,
		"W2: a second write-back of a file fails: a deep flush returns the error of the second failure");
	persist(view, 0);
	is_int(calls(), 1,
		"W7: a failure was accepted for a range, and a later write-back of the file fails: a persist of the range calls the write-back handler");
	ok(told_page(0, view, 0, ENOSPC, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: write-back handler: a failure with the flag UNCERTAIN has the errno of the file's last failure");
	pmem2_map_delete(&view.map);
	handle(false);
}

static void accepted_by_call(void)
{
	unsigned file;
	int fd = new_file(PAGES * page_size(), &file);
	struct view view = map_fd(fd, file), other = map_fd(fd, file);

	is_int(holdfast_writeback_accept(view.addr, 1), 0,
		"writeback_accept: it succeeds before any failure");
	lose(file, EIO);
	deep(view, 0);
	is_int(deep(view, 0), -EIO,
		"W7: a deep flush has returned a failure, which nobody has accepted: the next deep flush fails again");
	is_int(holdfast_writeback_accept(page_of(view, 1) + 5, 1), 0,
		"writeback_accept: it succeeds for a range of one byte");
	is_int(deep(view, 1), 0,
		"W7: writeback_accept has accepted the failure for one byte of a page: a deep flush of the page succeeds");
	is_int(deep(view, 0), -EIO,
		"W7: a failure was accepted for one page: a deep flush of the page before it still fails");
	is_int(deep(view, 2), -EIO,
		"W7: a failure was accepted for one page: a deep flush of the page behind it still fails");
	is_int(holdfast_writeback_accept(view.addr, PAGES * page_size()), 0,
		"writeback_accept: it succeeds for the range of a whole map");
	is_int(deep(view, 0), 0,
		"W7: a failure was accepted for a whole map: a deep flush of the map's first page succeeds");
	is_int(deep(view, PAGES - 1), 0,
		"W7: a failure was accepted for a whole map: a deep flush of the map's last page succeeds");
	is_int(deep(other, 0), -EIO,
		"W7: a failure was accepted for one map: a deep flush of another map of the file still fails");
	lose(file, EIO);
	is_int(deep(other, 0), -EIO,
		"W2: a second write-back of a file fails: a deep flush returns the error");
	is_int(deep(view, 0), -EIO,
		"W7: a failure was accepted for a map, and a later write-back of the file fails: a deep flush of the map fails");
	is_int(holdfast_writeback_accept((void *)page_size(), 1), PMEM2_E_MAPPING_NOT_FOUND,
		"writeback_accept: it fails with MAPPING_NOT_FOUND for memory outside of every map");
	is_int(holdfast_writeback_accept(view.addr, 0), PMEM2_E_MAPPING_NOT_FOUND,
		"writeback_accept: it fails with MAPPING_NOT_FOUND for a range of 0 bytes");
	pmem2_map_delete(&view.map);
	pmem2_map_delete(&other.map);
	close(fd);
}

/*
 * Tests that a process accepts a failure for itself only, neither for its children nor for its
 * parent.
 */
static void accepted_in_one_process(void)
{
	unsigned file;
	struct view view = new_view(&file);

	lose(file, EIO);
	deep(view, 0);
	holdfast_writeback_accept(view.addr, 1);
	pid_t pid = fork_silent();
	if (!pid) {
		bool failed = deep(view, 0) == -EIO;
		holdfast_writeback_accept(view.addr, 2 * page_size());
		_exit(failed && !deep(view, 0) && !deep(view, 1) ? 5 : 6);
	}
	is_int(ending_of(pid), -5,
		"W7: the parent has accepted a failure: a deep flush in a child fails until the child accepts the failure, too");
	is_int(deep(view, 0), 0,
		"W7: the parent accepted a failure before a fork: a deep flush in the parent after the fork succeeds");
	is_int(deep(view, 1), -EIO,
		"W7: only the child has accepted a failure: a deep flush in the parent still fails");
	pmem2_map_delete(&view.map);
}

static void copies(void)
{
	unsigned file;
	struct view view = new_view(&file);
	pmem2_memcpy_fn copy = pmem2_get_memcpy_fn(view.map);
	pmem2_memset_fn set = pmem2_get_memset_fn(view.map);

	handle(true);
	lose(file, EIO);
	copy(view.addr, "text", 4, 0);
	is_int(calls(), 1,
		"W6: the write-back of a memcpy fails: the write-back handler is called");
	copy(page_of(view, FAR), "text", 4, 0);
	set(page_of(view, 3 * FAR), 7, 4, 0);
	is_int(calls(), 0,
		"W7: after a failed write-back, memcpy and memset do not call the write-back handler if their pages have no other stores");
	persist(view, FAR);
	is_int(calls(), 1,
		"W7: memcpy copied to a page after a failed write-back: a persist of a plain store in this page calls the write-back handler");

	copy(page_of(view, 2 * FAR), "text", 4, PMEM2_F_MEM_NODRAIN);
	lose(file, EIO);
	deep(view, 0);
	drain(view);
	is_int(calls(), 1,
		"W4: a write-back of the file fails after a memcpy with NODRAIN, and before the drain: the drain calls the write-back handler");

	*page_of(view, 4 * FAR) = 1;
	pmem2_get_flush_fn(view.map)(page_of(view, 4 * FAR), 1);
	copy(page_of(view, 4 * FAR) + 8, "text", 4, 0);
	is_int(calls(), 1,
		"W4: a write-back of a file has failed, and the drain of a later memcpy also covers a plain store: the write-back handler is called");
	pmem2_map_delete(&view.map);
	handle(false);
}

static void one_call_each(void)
{
	unsigned file;
	struct view view = new_view(&file);

	handle(true);
	for (size_t page = 0; page < 4 * FAR; page += FAR)
		flush(view, page);
	lose(file, EIO);
	drain(view);
	is_int(calls(), 4,
		"W8: a drain of four ranges of a file whose write-back fails calls the write-back handler four times");
	ok(told_page(0, view, 0, EIO, 0),
		"W8: write-back handler: the failure is not flagged UNCERTAIN for the range whose msync(2) failed");
	ok(told_page(1, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(2, view, 2 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(3, view, 3 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: write-back handler: the failure is flagged UNCERTAIN for each range after the one that failed");
	pmem2_map_delete(&view.map);
	is_int(calls(), 0,
		"W8: map_delete: it does not call the write-back handler again for ranges that a drain has reported");
	handle(false);
}

static void left_by_jump(void)
{
	unsigned file;
	struct view view = new_view(&file);

	handle(true);
	for (size_t page = 0; page < 3 * FAR; page += FAR)
		flush(view, page);
	lose(file, EIO);
	told.leaves = true;
	if (!sigsetjmp(away, 1)) {
		drain(view);
		ok(false, "W8: a write-back handler can leave the drain by siglongjmp");
	}
	is_int(calls(), 1,
		"W8: after siglongjmp from the write-back handler, the drain has written back only the first range");
	drain(view);
	is_int(calls(), 2,
		"N7: siglongjmp from the write-back handler: a second drain writes back the ranges that the first one did not reach");
	ok(told_page(0, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(1, view, 2 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: write-back handler: the failure is flagged UNCERTAIN for ranges that the drain did not reach before siglongjmp");
	pmem2_map_delete(&view.map);
	is_int(calls(), 0,
		"N7: map_delete: it does not call the write-back handler again for a range that was reported before siglongjmp");
	handle(false);
}

/* Must not be inlined: valgrind.supp refers to this function by name. */
static bool __attribute__((noinline)) is_mapped(char *addr)
{
	return !syscall(SYS_msync, addr, page_size(), MS_SYNC);
}

static void deleted(void)
{
	unsigned file;
	struct view view = new_view(&file);
	char *addr = view.addr;

	handle(true);
	flush(view, 7);
	lose(file, EIO);
	deep(view, 0);
	is_int(pmem2_map_delete(&view.map), 0,
		"W9: map_delete: a map with a failed write-back is deleted");
	is_int(calls(), 1,
		"W9: map_delete: the write-back handler is called for a flushed range of a file with a failed write-back");
	ok(!is_mapped(addr),
		"W9: map_delete: the memory of a map with a failed write-back is unmapped");
	view = new_view(&file);
	flush(view, 7);
	lose(file, EIO);
	deep(view, 0);
	holdfast_writeback_accept(page_of(view, 7), 1);
	pmem2_map_delete(&view.map);
	is_int(calls(), 0,
		"W9: map_delete: the write-back handler is not called for a range whose failure was accepted");
	handle(false);
}

/*
 * Forks a child that flushes the page `noted_page`, then makes a deep flush of the page
 * `deep_page`, which must fail, and then calls exit(5). If `deep_page` is -1, the child makes no
 * deep flush. Returns how the child ended, as ending_of() does.
 */
static int exit_after(struct view view, unsigned file, int deep_page, int noted_page)
{
	lose(file, EIO);
	pid_t pid = fork_silent();
	if (!pid) {
		flush(view, (size_t)noted_page);
		if (deep_page >= 0 && deep(view, (size_t)deep_page) != -EIO)
			_exit(6);
		exit(5);
	}
	return ending_of(pid);
}

static void exits(void)
{
	unsigned file;
	struct view view = new_view(&file);

	is_int(exit_after(view, file, 3, 3), -5,
		"W9: exit(3): the program ends normally if a call has returned the error of each flushed range");
	is_int(exit_after(view, file, 3, 2 * FAR), SIGABRT,
		"W9: exit(3): the program aborts if a call has returned the error of another range only");
	is_int(exit_after(view, file, -1, 3), SIGABRT,
		"W9: exit(3): the program aborts if no call has returned the error of a flushed range");
	pmem2_map_delete(&view.map);
}

int main(void)
{
	kernel_open();
	alarm(120);
	forked_first();
	retried();
	several_maps();
	foreign();
	not_mapped();
	older_than_its_note();
	under_way_in_thread();
	forked();
	forked_twice();
	accepted_by_handler();
	accepted_by_call();
	accepted_in_one_process();
	copies();
	one_call_each();
	left_by_jump();
	deleted();
	exits();
	under_way_in_child();
	return tap_done();
}
