/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flights.c - tests waiting for those write-backs of a file that are under way
 *
 * A flight is one write-back, from before its system call until its result is recorded
 * (map/flights.h).
 */
#include "map/flights.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map/mapped_file.h"
#include "emulated.h"
#include "tap.h"
#include "unit/killed.h"

static struct flights *flights;

static const struct file_id file = {8, 12}, other = {8, 13}, unknown = {0, 0};
static const struct range nowhere = {0, 0};

static struct range page_at(char *addr)
{
	return (struct range){(uintptr_t)addr, (uintptr_t)addr + 4096};
}

static void new_flights(void)
{
	if (flights)
		munmap(flights, sizeof(*flights));
	flights = mmap(
		NULL, sizeof(*flights), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (flights == MAP_FAILED)
		bail("no shared memory: %m");
	flights_init(flights);
}

/*
 * A thread that waits for the write-backs of a file that are in progress, and writes to a pipe
 * when this wait has ended.
 */
struct waiter {
	pthread_t thread;
	struct file_id file;
	struct range range;
	int done[2];
};

static void *wait_for_flights(void *arg)
{
	struct waiter *waiter = arg;

	flights_wait(flights, waiter->file, waiter->range);
	if (write(waiter->done[1], "", 1) != 1)
		abort();
	return NULL;
}

static void start(struct waiter *waiter, struct file_id of, struct range range)
{
	waiter->file = of;
	waiter->range = range;
	if (pipe(waiter->done) || pthread_create(&waiter->thread, NULL, wait_for_flights, waiter))
		bail("cannot start a thread");
}

static bool is_done(struct waiter *waiter, int timeout_ms)
{
	struct pollfd ready = {.fd = waiter->done[0], .events = POLLIN};

	return poll(&ready, 1, timeout_ms) == 1;
}

/*
 * Timeouts in ms. A waiter that wrongly does not wait ends within SHORTLY, and so is noticed. If
 * SHORTLY were too short, the test would miss such a mistake, but not fail without a reason.
 */
#define SHORTLY 50
#define LONG    10000

static void finish(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	close(waiter->done[0]);
	close(waiter->done[1]);
}

static void same_file(void)
{
	struct waiter waiter;

	new_flights();
	struct flight_begun begun;
	flights_begin(flights, &begun, file, nowhere);
	start(&waiter, file, nowhere);
	ok(!is_done(&waiter, SHORTLY), "flights: a waiter waits for a write-back of its file");
	flights_end(flights, &begun);
	ok(is_done(&waiter, LONG),
		"flights: the wait for a write-back ends when the write-back ends");
	finish(&waiter);
	start(&waiter, file, nowhere);
	ok(is_done(&waiter, LONG), "flights: a waiter does not wait if no write-back is under way");
	finish(&waiter);
}

static void other_file(void)
{
	struct waiter waiter;

	new_flights();
	struct flight_begun begun;
	flights_begin(flights, &begun, other, nowhere);
	start(&waiter, file, nowhere);
	ok(is_done(&waiter, LONG),
		"flights: a waiter does not wait for a write-back of another file");
	finish(&waiter);
	flights_end(flights, &begun);
}

/*
 * Maps a new file and returns its address, by which the library looks up the identity of a file
 * that it has not opened itself.
 */
static char *map_new_file(void)
{
	int fd = memfd_create("holdfast", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4096))
		bail("no file in memory: %m");
	char *addr = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (addr == MAP_FAILED)
		bail("cannot map: %m");
	return addr;
}

static void unknown_files(void)
{
	char *one = map_new_file(), *two = map_new_file();
	struct waiter waiter;
	struct file_id id;

	new_flights();
	struct flight_begun begun;
	flights_begin(flights, &begun, unknown, page_at(one));
	start(&waiter, unknown, page_at(two));
	ok(is_done(&waiter, LONG),
		"flights: a waiter for an unidentified file does not wait for a write-back at another address");
	finish(&waiter);
	start(&waiter, unknown, page_at(one));
	ok(!is_done(&waiter, SHORTLY),
		"flights: a waiter for an unidentified file waits for a write-back at the same address");
	mapped_file_id(0, page_at(one), &id);
	struct waiter knowing;
	start(&knowing, id, nowhere);
	ok(!is_done(&knowing, SHORTLY),
		"flights: a waiter for an identified file waits for a write-back at an address where this file is mapped");
	flights_end(flights, &begun);
	ok(is_done(&waiter, LONG) && is_done(&knowing, LONG),
		"flights: the end of a write-back of an unidentified file ends all waits for this write-back");
	finish(&waiter);
	finish(&knowing);
	munmap(one, 4096);
	munmap(two, 4096);
}

/* Runs in a child process: begins a flight (a write-back in progress) and never ends it. */
static _Noreturn void fly_for_ever(struct file_id of, struct range range, int begun)
{
	struct flight_begun flight;

	flights_begin(flights, &flight, of, range);
	if (write(begun, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void wait_for_child(const int begun[2])
{
	char byte;

	if (read(begun[0], &byte, 1) != 1)
		bail("the child has not begun its flight");
	close(begun[0]);
	close(begun[1]);
}

/*
 * Forks a child that begins a flight (a write-back in progress) and never ends it. Returns when
 * the flight has begun.
 */
static pid_t fly_in_child(struct file_id of, struct range range)
{
	int begun[2];

	if (pipe(begun))
		bail("no pipe: %m");
	pid_t pid = fork();
	if (!pid) {
		flights_after_fork_in_child();
		fly_for_ever(of, range, begun[1]);
	}
	wait_for_child(begun);
	return pid;
}

static void killed_processes(void)
{
	struct waiter waiter;

	if (!locks_of_the_dead_are_passed_on()) {
		skip("flights: the wait for a child process's write-back ends when the child is killed",
			LOCKS_OF_THE_DEAD_ARE_LOST);
		return;
	}

	new_flights();
	pid_t pid = fly_in_child(file, nowhere);
	start(&waiter, file, nowhere);
	ok(!is_done(&waiter, SHORTLY),
		"flights: a waiter waits for a write-back that a child process has begun");
	kill(pid, SIGKILL);
	ok(is_done(&waiter, LONG),
		"flights: the wait for a child process's write-back ends when the child is killed");
	waitpid(pid, NULL, 0);
	finish(&waiter);
	for (unsigned i = 0; i < 2 * FLIGHTS_MAX; i++) {
		pid = fly_in_child(file, nowhere);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	struct flight_begun begun;
	flights_begin(flights, &begun, file, nowhere);
	flights_end(flights, &begun);
	flights_wait(flights, file, nowhere);
	ok(true,
		"flights: table entries that killed child processes leave are used for new write-backs");
}

/*
 * A write-back of this process that is in progress. Waiters must find it although killed children
 * leave entries of their own in the table.
 */
static struct flight_begun living;

static void *begin_living(void)
{
	new_flights();
	flights_begin(flights, &living, other, nowhere);
	return flights;
}

static void fly_once(void)
{
	struct flight_begun begun;

	flights_begin(flights, &begun, file, nowhere);
	flights_end(flights, &begun);
}

static pthread_t early_waiter;
static bool has_early_waiter;

static unsigned waiters(unsigned *flying)
{
	unsigned waiting = 0;

	*flying = 0;
	for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
		*flying += atomic_load(&flights->list[i].file) != 0;
		waiting += (unsigned)atomic_load(&flights->list[i].waiters);
	}
	return waiting;
}

static void *wait_early(void *unused)
{
	(void)unused;
	flights_wait(flights, file, nowhere);
	return NULL;
}

/*
 * Starts a thread that waits until the write-back of a child process ends. The first call after
 * that write-back has begun starts the thread; all other calls do nothing.
 */
static void wait_once_it_flies(void)
{
	unsigned flying;

	waiters(&flying);
	if (has_early_waiter || flying < 2 || pthread_create(&early_waiter, NULL, wait_early, NULL))
		return;
	has_early_waiter = true;
	while (!waiters(&flying))
		usleep(100);
}

static bool living_is_seen(void)
{
	if (has_early_waiter)
		pthread_join(early_waiter, NULL);
	has_early_waiter = false;
	flights_wait(flights, file, nowhere);
	bool seen = atomic_load(&flights->under_way) > 0 &&
		    atomic_load(&flights->under_way) <= FLIGHTS_MAX;
	flights_end(flights, &living);
	return seen;
}

static void killed_anywhere(void)
{
	const struct killed killed = {
		begin_living, sizeof(*flights), fly_once, wait_once_it_flies, living_is_seen};

	killed_at_each(&killed,
		"flights: a child killed after any store of its write-back hides no other write-back");
}

static void *die_in_flight(void *arg)
{
	(void)arg;
	flights_begin(flights, &(struct flight_begun){0}, file, nowhere);
	return NULL;
}

static atomic_uint ready;

static void *wait_together(void *arg)
{
	(void)arg;
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) % 2)
		sched_yield();
	flights_wait(flights, file, nowhere);
	return NULL;
}

/*
 * If a thread dies while its write-back is in progress, a thread that waits for the write-back
 * removes it from the table and decrements the number of write-backs in progress. Two waiters must
 * not both do so: the number would be too small, and waiters would miss the write-back of another
 * thread.
 */
static void two_waiters_for_the_dead(void)
{
	enum { ROUNDS = 5000 };
	unsigned wrong = 0;

	if (!locks_of_the_dead_are_passed_on())
		return;
	new_flights();
	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_t dead, waiters[2];
		if (pthread_create(&dead, NULL, die_in_flight, NULL) || pthread_join(dead, NULL))
			bail("cannot start a thread");
		for (unsigned i = 0; i < 2; i++)
			if (pthread_create(&waiters[i], NULL, wait_together, NULL))
				bail("cannot start a thread");
		for (unsigned i = 0; i < 2; i++)
			pthread_join(waiters[i], NULL);
		wrong += atomic_load(&flights->under_way) != 0;
	}
	is_int(wrong, 0,
		"flights: two waiters remove the write-back of a dead thread only once, in each of %d attempts",
		ROUNDS);
}

/*
 * Tests that a process waits for a write-back that its child has begun. Both have mapped the same
 * files at the same addresses, and the library knows a file only by such an address.
 */
static void unknown_files_of_children(void)
{
	char *one = map_new_file(), *two = map_new_file();
	struct waiter waiter;

	if (kernel_is_emulated()) {
		skip("flights: a waiter for one unidentified file does not wait for a child's write-back of a second one",
			"user-mode QEMU shows lists of mappings of its own");
		return;
	}
	new_flights();
	pid_t pid = fly_in_child(unknown, page_at(one));
	start(&waiter, unknown, page_at(two));
	ok(is_done(&waiter, LONG),
		"flights: a waiter for one unidentified file does not wait for a child's write-back of a second one");
	finish(&waiter);
	start(&waiter, unknown, page_at(one));
	ok(!is_done(&waiter, SHORTLY),
		"flights: a waiter waits for a child's write-back of the same unidentified file");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	bool done = is_done(&waiter, LONG);
	ok(done || !locks_of_the_dead_are_passed_on(),
		"flights: the wait for a child's write-back of an unidentified file ends when the child is killed");
	if (!done)
		return;
	finish(&waiter);
	munmap(one, 4096);
	munmap(two, 4096);
}

/*
 * Tests waiting for the write-back of a child made by _Fork(3), which runs no handlers of
 * pthread_atfork(3). The child has the file `two` at the address where this process has the file
 * `one`.
 */
static void children_without_handlers(void)
{
	static const char what[] =
		"flights: mappings of a child made by _Fork(3) are looked up in the child";
	char *one = map_new_file(), *two = map_new_file();
	struct flight_begun known;
	struct waiter waiter;
	int begun[2];

	if (kernel_is_emulated() || !locks_of_the_dead_are_passed_on()) {
		skip(what, "needs lists of mappings, and locks that a killed child passes on");
		return;
	}
	new_flights();
	flights_begin(flights, &known, file, nowhere); /* the library looks up this process */
	flights_end(flights, &known);
	if (pipe(begun))
		bail("no pipe: %m");
	pid_t pid = _Fork();
	if (!pid) {
		if (mremap(two, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, one) != one)
			_exit(1);
		fly_for_ever(unknown, page_at(one), begun[1]);
	}
	wait_for_child(begun);
	start(&waiter, unknown, page_at(two));
	ok(!is_done(&waiter, SHORTLY), "%s", what);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	finish(&waiter);
	munmap(one, 4096);
	munmap(two, 4096);
}

/*
 * Counts write-backs of more threads than the table has entries for write-backs in progress: each
 * thread must get an entry at some time.
 */
static atomic_uint flown;

static void *fly(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 1000; i++) {
		struct flight_begun begun;
		flights_begin(flights, &begun, i % 2 ? file : other, nowhere);
		flights_end(flights, &begun);
		flights_wait(flights, file, nowhere);
		atomic_fetch_add(&flown, 1);
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t threads[FLIGHTS_MAX + 8];
	unsigned count = FLIGHTS_MAX + 8;

	new_flights();
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, fly, NULL))
			bail("cannot start a thread");
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	is_int(atomic_load(&flown), 1000 * count,
		"flights: %u threads that write back, more than the table has entries for, all finish",
		count);
}

int main(void)
{
	same_file();
	other_file();
	unknown_files();
	killed_processes();
	killed_anywhere();
	two_waiters_for_the_dead();
	unknown_files_of_children();
	children_without_handlers();
	many_threads();
	return tap_done();
}
