/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback.c - test the rules N1 to N5 and N8 of map/writeback.h, which say when ranges are noted,
 * joined and written back
 *
 * A flush of a range of a map only notes the range, for the thread's next drain; a drain writes the
 * noted ranges back by msync(2). The test replaces msync(2) by a function that records the ranges,
 * and calls the kernel.
 */
#include "map/writeback.h"
#include "map/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/cpu.h"
#include "map/ranges.h"
#include "map/writeback_failure.h"
#include "tap.h"

#define PAGES 4096
#define FAR   (RANGES_GAP / page + 2) /* distance in pages at which ranges are not joined */

static size_t page;
static struct map map;
static int fd;
static struct device device = {.kind = DEVICE_FILE};

static struct {
	atomic_uint count;
	struct {
		size_t from, to; /* pages [from, to) of the map */
	} call[256];
} asked;

/*
 * A point where the test can stop a thread. If `next` is set, the next thread that comes here meets
 * the test at the barrier `begun`, and then waits at `released` until the test comes there, too.
 */
static struct hold {
	atomic_bool next;
	pthread_barrier_t begun, released;
} held, also_held;

static atomic_bool fails_next;

static void hold_init(struct hold *hold)
{
	pthread_barrier_init(&hold->begun, NULL, 2);
	pthread_barrier_init(&hold->released, NULL, 2);
}

static void wait_at(struct hold *hold)
{
	if (atomic_load(&hold->next) && atomic_exchange(&hold->next, false)) {
		pthread_barrier_wait(&hold->begun);
		pthread_barrier_wait(&hold->released);
	}
}

/* A page, and the number of msync calls that have written it back. */
static struct {
	char *page;
	atomic_uint count;
} watched;

int msync(void *addr, size_t length, int flags)
{
	unsigned call = atomic_fetch_add(&asked.count, 1);

	wait_at(&held);
	if (atomic_exchange(&fails_next, false)) {
		errno = EIO;
		return -1;
	}
	size_t offset = (size_t)((char *)addr - map.addr);

	if ((char *)addr <= watched.page && watched.page < (char *)addr + length)
		atomic_fetch_add(&watched.count, 1);
	if (call < 256) {
		asked.call[call].from = offset / page;
		asked.call[call].to = (offset + length) / page;
	}
	return (int)syscall(SYS_msync, addr, length, flags);
}

static void open_map(void)
{
	char name[] = "/tmp/holdfast-writeback-XXXXXX";

	fd = mkstemp(name);
	if (fd < 0 || unlink(name) || ftruncate(fd, (off_t)(PAGES * page)))
		bail("no file to map: %m");
	if (map_open(&map, &(struct map_request){.device = &device,
				   .fd = fd,
				   .length = PAGES * page,
				   .alignment = page,
				   .protection = PROT_READ | PROT_WRITE,
				   .required = PMEM2_GRANULARITY_PAGE,
				   .sysfs = "/nowhere"}))
		bail("cannot map");
}

static void note(size_t at, size_t pages)
{
	writeback_note(map.addr + at * page, pages * page);
}

/* Number of msync calls since the last call of this function. */
static unsigned calls(void)
{
	return atomic_exchange(&asked.count, 0);
}

static bool asked_for(unsigned call, size_t from, size_t to)
{
	bool same = asked.call[call].from == from && asked.call[call].to == to;

	if (!same)
		diag("call %u: pages %zu to %zu", call, asked.call[call].from, asked.call[call].to);
	return same;
}

static void joining(void)
{
	writeback_drain();
	is_int(calls(), 0, "drain: without noted ranges msync is not called");
	writeback_note(map.addr, 0);
	writeback_note(map.addr + 1, 0);
	writeback_drain();
	is_int(calls(), 0,
		"N1: an empty range is not written back, whether its address is aligned or not");

	writeback_note(map.addr + page - 1, 2);
	is_int(calls(), 0, "N2: noting a range for the next drain does not call msync");
	writeback_drain();
	is_int(calls(), 1, "N3: a drain calls msync once for one range");
	ok(asked_for(0, 0, 2),
		"N1: if a range of two bytes has one in each of two pages, both pages are written back");
	writeback_drain();
	is_int(calls(), 0, "N4: a second drain does not write the range back again");

	note(10, 1);
	note(10 + RANGES_GAP / page, 1);
	note(5, 1);
	writeback_drain();
	is_int(calls(), 1, "N1: ranges at most RANGES_GAP apart share one msync");
	ok(asked_for(0, 5, 11 + RANGES_GAP / page),
		"N1: pages between joined ranges are written back with them");

	note(10 + FAR, 1);
	note(10, 1);
	writeback_drain();
	is_int(calls(), 2, "N1: ranges more than RANGES_GAP apart have an msync each");
	ok(asked_for(0, 10, 11), "N1: of two ranges, the lower one is written back first");
	ok(asked_for(1, 10 + FAR, 11 + FAR),
		"N1: of two ranges, the higher one is written back second");

	note(10, 1);
	note(10 + 2 * FAR, 1);
	note(10, 2 * FAR);
	writeback_drain();
	is_int(calls(), 1, "N1: a range that covers others shares one msync with them");
	ok(asked_for(0, 10, 11 + 2 * FAR),
		"N1: joined ranges are written back from the first page to the last");
}

/*
 * Tests an adopted map: the program has mapped the memory itself, and the map begins in the middle
 * of a page.
 */
static void foreign(void)
{
	struct map own;
	char *addr = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED ||
		map_adopt(&own, &device, addr + 10, 2 * page, PMEM2_GRANULARITY_PAGE))
		bail("cannot map");
	for (int granularity = -1; granularity <= 3; granularity += 4) {
		struct map odd;
		is_int(map_adopt(&odd, &device, addr + 3 * page, page,
			       (enum pmem2_granularity)granularity),
			PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"map_adopt: the invalid granularity %d is refused", granularity);
	}
	writeback_note(addr + 10, 1);
	writeback_drain();
	is_int(calls(), 1, "adopted map: the first byte is written back by one call of msync");
	writeback_note(addr + 10, 2 * page);
	writeback_drain();
	is_int(calls(), 1, "adopted map: the whole map is written back by one call of msync");
	writeback_note(addr, 3 * page);
	writeback_drain();
	is_int(calls(), 1,
		"adopted map: a range that begins before the map is written back by one call of msync");
	is_int(map_close(&own), 0, "adopted map: closing the map succeeds");
	is_int(munmap(addr, 4 * page), 0,
		"adopted map: closing the map does not unmap the program's memory");
}

static void many(void)
{
	unsigned notes = 0;

	for (size_t at = 0; at < PAGES && notes < 100; at += FAR, notes++)
		note(PAGES - 1 - at, 1);
	unsigned early = calls();
	ok(early > 0,
		"N2: if a thread notes more ranges than it has room for, some (%u) are written back before the drain",
		early);
	writeback_drain();
	is_int(early + calls(), notes, "N4: each of %u noted ranges is written back once", notes);
}

static void edges(void)
{
	writeback_note(map.addr + PAGES * page - 1, SIZE_MAX);
	writeback_drain();
	is_int(calls(), 1,
		"N5: a range whose length overflows the address space is written back by one msync");
	ok(asked_for(0, PAGES - 1, PAGES),
		"N5: a range that exceeds its map is written back up to the end of the map");
	writeback_note(map.addr - RANGES_GAP * 4, 100);
	writeback_note((void *)page, 100);
	writeback_note(NULL, 1);
	writeback_drain();
	is_int(calls(), 0, "N5: a range outside of all maps is not written back");
	errno = 77;
	note(0, 1);
	writeback_drain();
	is_int(errno, 77,
		"writeback: noting a range for a drain, and the drain, leave errno unchanged");
	calls();
}

static void *note_and_exit(void *unused)
{
	(void)unused;
	note(3, 1);
	return NULL;
}

static void *note_and_pthread_exit(void *unused)
{
	note_and_exit(unused);
	pthread_exit(NULL);
}

static void thread_exit(void *(*body)(void *), const char *name)
{
	pthread_t thread;

	pthread_create(&thread, NULL, body, NULL);
	pthread_join(thread, NULL);
	is_int(calls(), 1, "N4: %s: the noted range is written back", name);
	ok(asked_for(0, 3, 4), "N4: %s: no other page is written back", name);
}

static struct meeting {
	pthread_barrier_t noted, checked;
} meeting;

static void *note_and_wait(void *unused)
{
	(void)unused;
	note(7, 1);
	note(7 + FAR, 1);
	pthread_barrier_wait(&meeting.noted);
	pthread_barrier_wait(&meeting.checked);
	writeback_drain();
	return NULL;
}

static void other_thread(void)
{
	pthread_t thread;

	pthread_barrier_init(&meeting.noted, NULL, 2);
	pthread_barrier_init(&meeting.checked, NULL, 2);
	pthread_create(&thread, NULL, note_and_wait, NULL);
	pthread_barrier_wait(&meeting.noted);
	writeback_drain();
	is_int(calls(), 0, "N3: a drain does not write back ranges that another thread noted");
	pthread_barrier_wait(&meeting.checked);
	pthread_join(thread, NULL);
	is_int(calls(), 2, "N3: a drain writes back the ranges that its own thread noted");
}

static atomic_bool drained;

static void *note_and_drain(void *unused)
{
	(void)unused;
	note(9, 1);
	pthread_barrier_wait(&meeting.noted);
	pthread_barrier_wait(&meeting.checked);
	writeback_drain();
	atomic_store(&drained, true);
	return NULL;
}

static void *write_map(void *unused)
{
	(void)unused;
	writeback_map(&map);
	return NULL;
}

/* Drains a range while another thread writes back the same range, in an msync that takes long. */
static void taken_over(void)
{
	pthread_t drains, closes;

	hold_init(&held);
	pthread_create(&drains, NULL, note_and_drain, NULL);
	pthread_barrier_wait(&meeting.noted);
	atomic_store(&held.next, true);
	pthread_create(&closes, NULL, write_map, NULL);
	pthread_barrier_wait(&held.begun);
	pthread_barrier_wait(&meeting.checked);
	usleep(50000);
	ok(!atomic_load(&drained),
		"N3: a drain waits while another thread is writing back the same range");
	pthread_barrier_wait(&held.released);
	pthread_join(closes, NULL);
	pthread_join(drains, NULL);
	is_int(calls(), 2,
		"N3: a drain writes back its range even if another thread is just writing back the same range");
}

/*
 * Two adjacent maps. A range of two pages covers the last page of `low` and the first page of
 * `high`.
 */
static struct map low, high;

static void *drain_both(void *unused)
{
	(void)unused;
	writeback_note(low.addr + low.length - page, page);
	writeback_note(high.addr, page);
	writeback_drain();
	return NULL;
}

static void *close_high(void *unused)
{
	(void)unused;
	map_close(&high);
	return NULL;
}

static void open_two(void)
{
	char *both =
		mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (both == MAP_FAILED ||
		map_adopt(&low, &device, both, 4 * page, PMEM2_GRANULARITY_PAGE) ||
		map_adopt(&high, &device, both + 4 * page, 4 * page, PMEM2_GRANULARITY_PAGE))
		bail("cannot map");
	watched.page = high.addr;
	atomic_store(&watched.count, 0);
}

static void side_by_side(void)
{
	pthread_t drains, closes;

	open_two();
	hold_init(&held);
	atomic_store(&held.next, true);
	pthread_create(&drains, NULL, drain_both, NULL);
	pthread_barrier_wait(&held.begun); /* now the drain is in the msync of `low` */
	pthread_create(&closes, NULL, close_high, NULL);
	usleep(50000);
	pthread_barrier_wait(&held.released);
	pthread_join(closes, NULL);
	pthread_join(drains, NULL);
	ok(atomic_load(&watched.count) >= 1,
		"N5: a range covers two maps, and one is closed while the other is being written back: both are written back");
	map_close(&low);
	munmap(low.addr, 8 * page);
	calls();
}

/*
 * A thread notes a page for its next drain once more while another thread, which closes the map, is
 * writing back the same page.
 */
static void noted_again(void)
{
	pthread_t closes;

	open_two();
	hold_init(&held);
	writeback_note(high.addr, page);
	atomic_store(&held.next, true);
	pthread_create(&closes, NULL, close_high, NULL);
	pthread_barrier_wait(&held.begun);
	writeback_note(high.addr, page); /* msync may have missed the latest store */
	pthread_barrier_wait(&held.released);
	pthread_join(closes, NULL);
	ok(atomic_load(&watched.count) >= 1, "N4: closing a map writes back its noted page");
	is_int(notes_count((struct range){0, UINTPTR_MAX}), 1,
		"N4: a range is noted for a drain again while it is being written back: the next drain finds it");
	writeback_drain();
	map_close(&low);
	munmap(low.addr, 8 * page);
	calls();
}

/*
 * Thread A notes three pages of a map for its next drain. Thread B closes the map. When A drains, B
 * has written back the first page, and is writing back the second. A's drain begins to write back
 * the same pages, but its first msync fails, so that A waits in the program's failure handler. The
 * third page must be written back nevertheless: neither thread may leave it to the other.
 */
static struct {
	struct map map, other;
	pthread_barrier_t step;
} shared;

static char *noted_page(unsigned number)
{
	return shared.map.addr + number * FAR * page;
}

static void *note_and_drain_three(void *unused)
{
	(void)unused;
	for (unsigned number = 0; number < 3; number++)
		writeback_note(noted_page(number), page);
	pthread_barrier_wait(&shared.step);
	pthread_barrier_wait(&shared.step); /* the first page is being written back */
	writeback_note(shared.other.addr, page);
	pthread_barrier_wait(&shared.step);
	pthread_barrier_wait(&shared.step); /* the second page is being written back */
	atomic_store(&also_held.next, true);
	atomic_store(&fails_next, true);
	writeback_drain();
	return NULL;
}

/*
 * The function that the library calls for failed write-backs. It may wait, because the library
 * meanwhile keeps no other thread from closing a map.
 */
static enum holdfast_writeback_verdict hear(
	const struct holdfast_writeback_failure *failure, void *unused)
{
	(void)failure;
	(void)unused;
	wait_at(&also_held);
	return HOLDFAST_WRITEBACK_LOST;
}

static void *close_shared(void *unused)
{
	(void)unused;
	map_close(&shared.map);
	return NULL;
}

static void open_shared(void)
{
	size_t length = 3 * FAR * page;
	char *both = mmap(
		NULL, length + page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (both == MAP_FAILED ||
		map_adopt(&shared.map, &device, both, length, PMEM2_GRANULARITY_PAGE) ||
		map_adopt(&shared.other, &device, both + length, page, PMEM2_GRANULARITY_PAGE))
		bail("cannot map");
	pthread_barrier_init(&shared.step, NULL, 2);
	hold_init(&held);
	hold_init(&also_held);
	writeback_failure_set_handler(hear, NULL);
}

static bool was_written(const char *addr)
{
	size_t at = (size_t)(addr - map.addr) / page;

	for (unsigned call = 0; call < atomic_load(&asked.count); call++)
		if (asked.call[call].from <= at && at < asked.call[call].to)
			return true;
	return false;
}

static void overtaken(void)
{
	pthread_t drains, closes;

	open_shared();
	calls();
	pthread_create(&drains, NULL, note_and_drain_three, NULL);
	pthread_barrier_wait(&shared.step);
	atomic_store(&held.next, true);
	pthread_create(&closes, NULL, close_shared, NULL);
	pthread_barrier_wait(&held.begun);
	pthread_barrier_wait(&shared.step);
	pthread_barrier_wait(&shared.step); /* the thread has noted a page of the other map */
	atomic_store(&held.next, true);
	pthread_barrier_wait(&held.released);
	pthread_barrier_wait(&held.begun);
	pthread_barrier_wait(&shared.step);
	pthread_barrier_wait(&also_held.begun); /* the drain waits in hear() */
	pthread_barrier_wait(&held.released);
	pthread_join(closes, NULL);
	pthread_barrier_wait(&also_held.released);
	pthread_join(drains, NULL);
	writeback_failure_set_handler(NULL, NULL);
	for (unsigned number = 0; number < 3; number++)
		ok(was_written(noted_page(number)),
			"N4: a thread has noted three ranges of a map for its drain, and another closes the map meanwhile: range %u is still written back",
			number + 1);
	map_close(&shared.other);
	munmap(shared.map.addr, 3 * FAR * page + page);
	calls();
}

/*
 * Runs `body` in a child, and returns the number of msync calls that the child made, or 999 if a
 * signal killed it. A child that hangs is killed by SIGALRM.
 */
static unsigned in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(20);
		calls();
		body();
		_exit((int)calls());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 999;
}

static void note_in_child(void)
{
	note(1, 1);
	writeback_drain();
}

static void forked(void)
{
	note(20, 1);
	is_int(in_child(writeback_drain), 0, "N8: a forked child starts without noted ranges");
	is_int(in_child(note_in_child), 1,
		"N8: a forked child can note a range and write it back by a drain");
	writeback_drain();
	is_int(calls(), 1, "N8: after fork the parent process still has its noted ranges");
}

static pthread_t drainer;
static atomic_bool stop;

static void *drain_all_the_time(void *unused)
{
	(void)unused;
	for (size_t at = 0; !atomic_load(&stop); at = (at + 1) % PAGES) {
		note(at, 1);
		writeback_drain();
	}
	return NULL;
}

static void close_in_child(void)
{
	note(1, 1);
	_exit(map_close(&map) ? 99 : (int)calls());
}

/* Pins and locks that other threads of the parent hold at fork() must not block the child. */
static void forked_while_draining(void)
{
	unsigned good = 0;

	atomic_store(&stop, false);
	pthread_create(&drainer, NULL, drain_all_the_time, NULL);
	for (int i = 0; i < 50; i++)
		good += in_child(close_in_child) == 1;
	atomic_store(&stop, true);
	pthread_join(drainer, NULL);
	is_int(good, 50,
		"N8: each of 50 children that were forked while another thread drained can drain and close a map");
	calls();
}

static void closed(void)
{
	pthread_t thread;
	char *after;

	pthread_create(&thread, NULL, note_and_wait, NULL);
	pthread_barrier_wait(&meeting.noted);
	note(30, 1);
	after = map.addr;
	is_int(map_close(&map), 0, "map_close: a map is closed");
	is_int(calls(), 3,
		"N4: closing a map writes back the ranges that all threads have noted on it");
	pthread_barrier_wait(&meeting.checked);
	pthread_join(thread, NULL);
	is_int(calls(), 0,
		"N4: a drain after a map was closed does not call msync for ranges noted on that map");
	ok(msync(after, page, MS_SYNC) && errno == ENOMEM, "map_close: the memory is unmapped");
	calls();
	is_int(map_close(&map), PMEM2_E_MAPPING_NOT_FOUND,
		"map_close: closing a map again is an error");
}

static void exits_with_notes(void)
{
	note(40, 1);
	exit(0);
}

/*
 * Tests exit(), which runs the library's destructors. A child reports its msync calls through a
 * pipe.
 */
static void process_exit(void)
{
	int status, pipe_fds[2];
	char text[64] = "";

	if (pipe(pipe_fds))
		bail("no pipe: %m");
	pid_t pid = fork();
	if (!pid) {
		dup2(pipe_fds[1], STDERR_FILENO);
		exec_again((char *[]){program_invocation_name, (char *)"exit", NULL});
		_exit(127);
	}
	close(pipe_fds[1]);
	ssize_t length = read(pipe_fds[0], text, sizeof(text) - 1);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
		"exit(3): a process with a noted range ends with status 0");
	has_str(length > 0 ? text : "", "wrote back", "N4: exit(3) writes back noted ranges");
	has_str(length > 0 ? text : "", "at once",
		"N2: a range that a destructor flushes after the library's destructor has run is written back at once");
	close(pipe_fds[0]);
}

/*
 * A destructor that runs after the library's destructors, because those have the default priority.
 */
static bool tell_at_exit;
static void __attribute__((destructor(101))) tell(void)
{
	if (!tell_at_exit)
		return;
	bool wrote = calls();

	note(50, 1);
	dprintf(STDERR_FILENO, "%s %s\n", wrote ? "wrote back" : "", calls() ? "at once" : "");
}

int main(int argc, char **argv)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	cpu_init();
	if (map_init())
		bail("map_init");
	open_map();
	if (argc > 1 && !strcmp(argv[1], "exit")) {
		tell_at_exit = true;
		exits_with_notes();
	}
	joining();
	foreign();
	many();
	edges();
	thread_exit(note_and_exit, "a thread returns");
	thread_exit(note_and_pthread_exit, "a thread calls pthread_exit");
	other_thread();
	taken_over();
	side_by_side();
	noted_again();
	forked();
	forked_while_draining();
	overtaken();
	process_exit();
	closed();
	return tap_done();
}
