/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * told-once.c - W1 to W9 of map/writeback_failure.h: a failed write-back is reported to everybody
 * whom it concerns, though the kernel reports it once
 */
#pragma GCC visibility push(default)

#include "api/told-once.h"

#include <libpmem2/holdfast.h>
#include <setjmp.h>

#include "api/fixture.h"
#include "emulated.h"

#define PAGES 256
#define FAR   32 /* in pages: too far to be written back together */

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
		bail("no map: %s", pmem2_errormsg());
	view.addr = pmem2_map_get_address(view.map);
	kernel_maps(view.addr, PAGES * page_size(), file);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	return view;
}

/* A map of a new file. */
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

/* The handler. */
static struct {
	unsigned calls;
	struct holdfast_writeback_failure all[8];
	bool leaves;
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

/* How a child without a handler ends that makes a call and then exits with 5. */
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
	is_int(deep(view, 0), -EIO, "W2: deep flush: returns the kernel's error");
	is_int(deep(view, 0), -EIO, "W6: deep flush: a second try fails again");
	has_str(pmem2_errormsg(), "may not be durable",
		"W6: deep flush: the message of a second try says what may be lost");
	*view.addr = 2;
	is_int(deep(view, 0), -EIO, "W6: deep flush: fails again after another store");
	is_int(deep(view, 9), -EIO, "W4: deep flush of another page: fails, too");
	is_int(deep_by_thread(view), -EIO, "W4: deep flush by another thread: fails, too");
	is_int(deep(other, 0), 0, "W1: deep flush of another file: succeeds");
	is_int(ending(persist_first, view), SIGABRT, "W6: persist: ends the process");
	is_int(ending(flush_and_drain, view), SIGABRT, "W6: drain: ends the process");
	is_int(ending(persist_first, other), -5, "W1: persist of another file: returns");
	lose(other_file, EROFS);
	is_int(deep(other, 0), -EROFS, "W2: a read-only file system is a failure");
	is_int(deep(other, 1), -EROFS, "W2: a read-only file system is a failure of its file");
	is_int(deep(view, 1), -EIO, "W1: each file has its own errno");
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
	is_int(deep(first, 0), -ENOSPC, "W2: a full disk is a failure");
	is_int(deep(second, 1), -ENOSPC, "W4: another map of the descriptor: fails, too");
	is_int(deep(third, 2), -ENOSPC, "W4: a map of another descriptor of the file: fails, too");
	is_int(ending(persist_first, second), SIGABRT,
		"W6: persist through another map: ends the process");
	struct view later = map_fd(fd, file);
	is_int(deep(later, 1), 0, "W4: a map made after the failure: succeeds");
	is_int(deep(second, 1), -ENOSPC, "W7: a map made after the failure accepts for no other");
	pmem2_map_delete(&first.map);
	pmem2_map_delete(&second.map);
	pmem2_map_delete(&third.map);
	pmem2_map_delete(&later.map);
	close(again);
	close(fd);
}

/* Memory that the program mapped before the failure, and hands over after it. */
static void foreign(void)
{
	unsigned file;
	int fd = new_file(PAGES * page_size(), &file);
	size_t length = PAGES * page_size();
	struct view view = map_fd(fd, file), adopted;
	struct pmem2_source *src = source_of(fd);

	adopted.addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (adopted.addr == MAP_FAILED)
		bail("cannot map: %m");
	kernel_maps(adopted.addr, length, file);
	lose(file, EIO);
	deep(view, 0);
	is_int(pmem2_map_from_existing(
		       &adopted.map, src, adopted.addr, length, PMEM2_GRANULARITY_PAGE),
		0, "map_from_existing: adopts memory of a failed file");
	is_int(deep(adopted, 1), -EIO,
		"W4: memory that is older than the failure: fails, though adopted later");
	pmem2_map_delete(&adopted.map);

	/* Moved to where another map was, of which the program knows. */
	holdfast_writeback_accept(view.addr, length);
	pmem2_map_delete(&view.map);
	if (mremap(adopted.addr, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, view.addr) !=
		view.addr)
		bail("cannot move a mapping: %m");
	kernel_maps(adopted.addr = view.addr, length, file);
	is_int(pmem2_map_from_existing(
		       &adopted.map, src, adopted.addr, length, PMEM2_GRANULARITY_PAGE),
		0, "map_from_existing: adopts memory where a map was");
	is_int(deep(adopted, 1), -EIO,
		"W7: what was accepted of a map does not hold for what is at its address later");
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
	is_int(deep(view, 1), -ENOMEM, "W2: memory that is not mapped: fails");
	is_int(deep(view, 0), 0, "W2: memory that is not mapped: does not make its file fail");
	lose(file, EINVAL);
	is_int(deep(view, 0), -EINVAL, "W2: EINVAL: is reported");
	is_int(deep(view, 0), 0, "W2: EINVAL: does not make the file fail");
	lose(file, ENOMEM);
	is_int(deep(view, 0), -ENOMEM, "W2: ENOMEM of mapped memory: is reported");
	is_int(deep(view, 0), -ENOMEM, "W2: ENOMEM of mapped memory: is a failure of the file");
	pmem2_map_delete(&view.map);
}

/* Stores come before the failure, their flush after it. */
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
	is_int(calls(), 1, "W4: a range noted after the failure: the handler is called");
	ok(told_page(0, view, 5, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: a range whose own write-back succeeded: the failure is uncertain");
	pmem2_map_delete(&view.map);
	handle(false);
}

static void *persist_in_thread(void *view)
{
	persist(*(struct view *)view, 0);
	return NULL;
}

/* Release whoever waits in msync, after others had some time to return too early. */
static void release_late(void)
{
	usleep(50000);
	pthread_barrier_wait(&kernel->released);
}

/* A thread has the kernel's error and has not recorded it when another one asks. */
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
		"W5: a thread that the kernel told 0 waits for what another one was told");
	is_int(calls(), 1, "W5: the thread with the error is told, too");
	pmem2_map_delete(&view.map);
	handle(false);
}

/* A child that has the kernel's error and waits in msync. */
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

/* The last of all: the killed child never comes to the second barrier. */
static void under_way_in_child(void)
{
	unsigned file;
	struct view view = new_view(&file);
	pthread_t asks;
	void *result;

	pid_t pid = failing_child(view, file);
	pthread_create(&asks, NULL, deep_in_thread, &view);
	release_late();
	is_int(ending_of(pid), -5, "W2: a child is told the kernel's error");
	pthread_join(asks, &result);
	is_int((intptr_t)result, -EIO, "W5: the parent waits for what a child was told");
	pmem2_map_delete(&view.map);

	if (!locks_of_the_dead_are_passed_on()) {
		skip("W5: nobody waits for a child that was killed", LOCKS_OF_THE_DEAD_ARE_LOST);
		return;
	}
	view = new_view(&file);
	pid = failing_child(view, file);
	pthread_create(&asks, NULL, deep_in_thread, &view);
	kill(pid, SIGKILL);
	is_int(ending_of(pid), SIGKILL, "W5: a child is killed while it writes back");
	pthread_join(asks, &result);
	is_int((intptr_t)result, 0, "W5: nobody waits for a child that was killed");
	pmem2_map_delete(&view.map);
}

static void forked(void)
{
	unsigned file;
	struct view view = new_view(&file);

	flush(view, 40);
	lose(file, EIO);
	is_int(ending(persist_first, view), SIGABRT, "W6: a child that loses its store is ended");
	is_int(deep(view, 1), -EIO, "W1: a child's failure: the parent's deep flush fails");
	is_int(ending(persist_first, view), SIGABRT,
		"W1: a child's failure: the persist of another child ends that one");
	handle(true);
	drain(view);
	is_int(calls(), 1, "W1: a child's failure: the parent's drain reports it");
	pmem2_map_delete(&view.map);
	handle(false);
}

/* A child of a child shares what its parents do. */
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
	is_int(ending_of(pid), -5, "W1: a child's child that fails: the child is told, too");
	is_int(deep(view, 1), -EIO, "W1: a child's child that fails: its grandparent is told, too");
	pmem2_map_delete(&view.map);
}

/* The first of all: nothing was ever written back, in no process. */
static void forked_first(void)
{
	unsigned file;
	struct view view = new_view(&file);

	lose(file, EIO);
	is_int(ending(persist_first, view), SIGABRT,
		"W6: a child that makes the first write-back of all, and loses it, is ended");
	is_int(deep(view, 1), -EIO,
		"W1: a child forked before the first write-back: its failure is its parent's, too");
	pmem2_map_delete(&view.map);
}

static void accepted_by_handler(void)
{
	unsigned file;
	struct view view = new_view(&file);

	handle(true);
	lose(file, EIO);
	persist(view, 0);
	is_int(calls(), 1, "W6: persist: the handler is called once");
	ok(told_page(0, view, 0, EIO, 0), "W8: the handler is told the page and no more");
	persist(view, 0);
	is_int(calls(), 0, "W7: the handler's answer accepts its range");
	persist(view, FAR);
	is_int(calls(), 1, "W7: the handler's answer accepts no other range");
	ok(told_page(0, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: another page: the failure is uncertain");
	pmem2_get_persist_fn(view.map)(view.addr, 2 * page_size());
	is_int(calls(), 1, "W7: a range of which half is accepted: the handler is called");
	is_int(deep(view, 0), 0, "W7: deep flush of what the handler accepted: succeeds");
	is_int(deep(view, 2), -EIO, "W7: deep flush of what nobody accepted: fails");
	lose(file, ENOSPC);
	is_int(deep(view, 2), -ENOSPC, "W2: a later failure has its own errno");
	persist(view, 0);
	is_int(calls(), 1, "W7: a later failure voids an acceptance");
	ok(told_page(0, view, 0, ENOSPC, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: an uncertain failure has the errno of the record");
	pmem2_map_delete(&view.map);
	handle(false);
}

static void accepted_by_call(void)
{
	unsigned file;
	int fd = new_file(PAGES * page_size(), &file);
	struct view view = map_fd(fd, file), other = map_fd(fd, file);

	is_int(holdfast_writeback_accept(view.addr, 1), 0, "accept: nothing has failed yet");
	lose(file, EIO);
	deep(view, 0);
	is_int(deep(view, 0), -EIO,
		"W7: an error code that a call returned does not accept the failure");
	is_int(holdfast_writeback_accept(page_of(view, 1) + 5, 1), 0, "accept: one byte");
	is_int(deep(view, 1), 0, "W7: accept: its page can be made durable again");
	is_int(deep(view, 0), -EIO, "W7: accept: the page below still fails");
	is_int(deep(view, 2), -EIO, "W7: accept: the page above still fails");
	is_int(holdfast_writeback_accept(view.addr, PAGES * page_size()), 0, "accept: a whole map");
	is_int(deep(view, 0), 0, "W7: accept of a whole map: its first page succeeds");
	is_int(deep(view, PAGES - 1), 0, "W7: accept of a whole map: its last page succeeds");
	is_int(deep(other, 0), -EIO, "W7: accept: another map of the file still fails");
	lose(file, EIO);
	is_int(deep(other, 0), -EIO, "W2: the file fails once more");
	is_int(deep(view, 0), -EIO, "W7: a later failure voids what was accepted");
	is_int(holdfast_writeback_accept((void *)page_size(), 1), PMEM2_E_MAPPING_NOT_FOUND,
		"accept: memory of no live map is an error");
	is_int(holdfast_writeback_accept(view.addr, 0), PMEM2_E_MAPPING_NOT_FOUND,
		"accept: no bytes are of no live map");
	pmem2_map_delete(&view.map);
	pmem2_map_delete(&other.map);
	close(fd);
}

/* Acceptance is for one process: both directions. */
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
	is_int(ending_of(pid), -5, "W7: a child accepts for itself what its parent has accepted");
	is_int(deep(view, 0), 0, "W7: the parent's acceptance stands after a fork");
	is_int(deep(view, 1), -EIO, "W7: a child's acceptance does not hold for its parent");
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
	is_int(calls(), 1, "W6: memcpy: the handler is called");
	copy(page_of(view, FAR), "text", 4, 0);
	set(page_of(view, 3 * FAR), 7, 4, 0);
	is_int(calls(), 0, "W7: bytes that the library copied after the failure: succeed");
	persist(view, FAR);
	is_int(calls(), 1, "W7: plain stores next to a copy still fail");

	copy(page_of(view, 2 * FAR), "text", 4, PMEM2_F_MEM_NODRAIN);
	lose(file, EIO);
	deep(view, 0);
	drain(view);
	is_int(calls(), 1, "W4: a failure between a copy and its drain: the handler is called");

	*page_of(view, 4 * FAR) = 1;
	pmem2_get_flush_fn(view.map)(page_of(view, 4 * FAR), 1);
	copy(page_of(view, 4 * FAR) + 8, "text", 4, 0);
	is_int(calls(), 1, "W4: a copy drained together with a plain store: the handler is called");
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
	is_int(calls(), 4, "W8: the handler is called once for each range");
	ok(told_page(0, view, 0, EIO, 0), "W8: the range that has the error: is lost");
	ok(told_page(1, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(2, view, 2 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(3, view, 3 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: each range after the one with the error: is uncertain");
	pmem2_map_delete(&view.map);
	is_int(calls(), 0, "W8: nothing is noted any more after its report");
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
		ok(false, "W8: siglongjmp leaves the drain");
	}
	is_int(calls(), 1, "W8: siglongjmp leaves the drain at the first range");
	drain(view);
	is_int(calls(), 2, "N7: the ranges that siglongjmp has left behind are still noted");
	ok(told_page(0, view, FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN) &&
			told_page(1, view, 2 * FAR, EIO, HOLDFAST_WRITEBACK_UNCERTAIN),
		"W8: they are reported as written back after the failure");
	pmem2_map_delete(&view.map);
	is_int(calls(), 0, "N7: the range that failed is not noted again");
	handle(false);
}

/* valgrind.supp knows its name. */
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
	is_int(pmem2_map_delete(&view.map), 0, "W9: a map with a failure is deleted");
	is_int(calls(), 1, "W9: deleting a map reports what is noted on it");
	ok(!is_mapped(addr), "W9: the memory of a deleted map is unmapped");
	view = new_view(&file);
	flush(view, 7);
	lose(file, EIO);
	deep(view, 0);
	holdfast_writeback_accept(page_of(view, 7), 1);
	pmem2_map_delete(&view.map);
	is_int(calls(), 0, "W9: deleting a map reports nothing that was accepted");
	handle(false);
}

/* Exit after a deep flush of this page has returned an error, if there is any. */
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
		"W9: exit(3): a program that was told of its range exits");
	is_int(exit_after(view, file, 3, 2 * FAR), SIGABRT,
		"W9: exit(3): a program that was told of another range is ended");
	is_int(exit_after(view, file, -1, 3), SIGABRT,
		"W9: exit(3): a program that was told nothing is ended");
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
