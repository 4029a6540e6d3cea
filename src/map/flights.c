/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/flights.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/racecheck.h"
#include "base/signal_lock.h"
#include "base/unmap.h"
#include "map/mapped_file.h"
#include "map/robust_lock.h"

/* A value in place of a digest of a file's identity, for a write-back whose file is unknown. */
#define ANY_FILE 1

/*
 * Number of times that a waiter looks if a flight (a write-back in progress) has ended, before the
 * waiter sleeps; all of them together take some microseconds.
 */
#define LOOKS 10000

/*
 * Returns a digest of a file's identity. If two files have the same digest, threads also wait for
 * flights (write-backs in progress) of the other file, which does no harm.
 */
static uint64_t digest(struct file_id file)
{
	if (!file_id_is_known(file))
		return ANY_FILE;
	return (file.device * 0x9e3779b97f4a7c15 + file.inode) | 2;
}

/*
 * The index in the table of flights (write-backs in progress) at which this thread begins to look
 * for a free slot: differs between threads.
 */
static unsigned first_place(void)
{
	static __thread char of_thread;

	return (unsigned)((uintptr_t)&of_thread >> 12) % FLIGHTS_MAX;
}

/*
 * The identity of this process, for waiters in other processes. It lies in memory that the kernel
 * clears in each child, so that a child made by _Fork(3) or clone(2), which run no handlers of
 * fork(3), does not lead waiters to its parent's mappings. Kernels before 4.14 cannot clear it.
 */
struct identity {
	/* device number of the /proc that this process sees, as in struct flight */
	_Atomic uint64_t procfs;
	_Atomic pid_t pid;
	atomic_bool is_known;
};
static struct identity without_page;
static _Atomic(struct identity *) identity = &without_page;

/*
 * Make the memory for this process's identity. If several threads do this at once, all use the
 * memory of the first. The comment in shared.c says why mmap(3) is not called.
 */
static void make_identity(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct identity *none = &without_page;

	if (atomic_load(&identity) != none)
		return;
	long memory = syscall(
		SYS_mmap, NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
	if (memory == -1)
		return;
	madvise((void *)memory, page, MADV_WIPEONFORK);
	racecheck_ignore(&identity, sizeof(identity));
	racecheck_ignore((void *)memory, sizeof(struct identity));
	if (!atomic_compare_exchange_strong(&identity, &none, (struct identity *)memory))
		unmap((void *)memory, page);
}

void flights_init(struct flights *flights)
{
	make_identity();
	for (unsigned i = 0; i < FLIGHTS_MAX; i++)
		robust_lock_init(&flights->list[i].lock);
}

/* Returns the identity. Threads that look it up at the same time store the same values. */
static struct identity *know_process(void)
{
	struct identity *process = atomic_load_explicit(&identity, memory_order_acquire);
	char text[24];
	struct stat st;

	if (likely(atomic_load_explicit(&process->is_known, memory_order_acquire)))
		return process;
	racecheck_ignore(process, sizeof(*process));
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);
	bool found = length > 0 && !lstat("/proc/self", &st);
	text[found ? length : 0] = '\0';
	atomic_store(&process->pid, atoi(text));
	atomic_store(&process->procfs, found ? st.st_dev : 0);
	atomic_store_explicit(&process->is_known, true, memory_order_release);
	return process;
}

void flights_after_fork_in_child(void)
{
	atomic_store(&atomic_load(&identity)->is_known, false);
}

/*
 * Sleep until the flight (a write-back in progress) ends and its number changes, but at most 50 ms:
 * if the flight's thread is killed, nobody wakes the threads that wait for it.
 */
static void sleep_on(struct flight *flight, uint32_t number)
{
	const struct timespec while_living = {.tv_nsec = 50000000};

	atomic_fetch_add(&flight->waiters, 1);
	syscall(SYS_futex, &flight->number, FUTEX_WAIT, number, &while_living, NULL, 0);
	atomic_fetch_sub(&flight->waiters, 1);
}

/*
 * End a flight, which is a write-back in progress; the caller holds the flight's lock. The stores
 * are sequentially consistent: either a waiter sees the new number before it sleeps, or this thread
 * sees that it waits and wakes it. If a thread is killed in this function, `under_way` may stay one
 * too high, which is harmless. It must not become one too low, which would hide another thread's
 * flight. So the count is lowered only after the number has changed: a waiter that sees the new
 * number does not lower the count again.
 */
static void end(struct flights *flights, struct flight *flight)
{
	atomic_store(&flight->file, 0);
	atomic_fetch_add(&flight->number, 1);
	atomic_fetch_sub(&flights->under_way, 1);
	robust_lock_release(&flight->lock);
	if (atomic_load(&flight->waiters))
		syscall(SYS_futex, &flight->number, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void describe(
	struct flights *flights, struct flight *flight, struct file_id file, struct range range)
{
	const struct identity *process = know_process();

	atomic_store_explicit(&flight->from, range.from, memory_order_relaxed);
	atomic_store_explicit(&flight->to, range.to, memory_order_relaxed);
	atomic_store_explicit(&flight->procfs, atomic_load(&process->procfs), memory_order_relaxed);
	atomic_store_explicit(&flight->pid, atomic_load(&process->pid), memory_order_relaxed);
	/*
	 * The stores are sequentially consistent, like the loads in flights_wait(): if a waiter
	 * does not see this flight (a write-back in progress), its own system call came before that
	 * of this flight. `under_way` is raised before the flight becomes visible: if this thread
	 * dies, a waiter that sees the flight ends it and lowers `under_way`.
	 */
	atomic_fetch_add(&flights->under_way, 1);
	atomic_store(&flight->file, digest(file));
}

static struct flight *try_begin(struct flights *flights, struct file_id file, struct range range)
{
	unsigned first = first_place();

	for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &flights->list[(first + i) % FLIGHTS_MAX];
		if (robust_lock_try(&flight->lock)) {
			describe(flights, flight, file, range);
			return flight;
		}
	}
	return NULL;
}

void flights_begin(struct flights *flights, struct flight_begun *begun, struct file_id file,
	struct range range)
{
	struct flight *some = &flights->list[first_place()];

	for (;;) {
		uint32_t number = atomic_load(&some->number);
		signals_block(&begun->before);
		know_process(); /* signals are blocked: no handler can fork now */
		begun->flight = try_begin(flights, file, range);
		if (begun->flight)
			return;
		signals_restore(&begun->before);
		sleep_on(some, number);
	}
}

void flights_end(struct flights *flights, struct flight_begun *begun)
{
	end(flights, begun->flight);
	signals_restore(&begun->before);
}

/*
 * Find the process that a flight (a write-back in progress) belongs to; *pid becomes 0 for this
 * process. False if /proc does not show the process.
 */
static bool find_process(struct flight *flight, pid_t *pid)
{
	const struct identity *process = know_process();
	uint64_t procfs = atomic_load_explicit(&flight->procfs, memory_order_relaxed);

	*pid = atomic_load_explicit(&flight->pid, memory_order_relaxed);
	if (!procfs || procfs != atomic_load(&process->procfs))
		return false;
	if (*pid == atomic_load(&process->pid))
		*pid = 0;
	return true;
}

/*
 * True if the lists of mappings show that a flight (a write-back in progress) is not of the file
 * that is mapped in `range`. If several files are mapped in the flight's addresses, the flight may
 * be of any of them. If the flight ends meanwhile and this function reads the data of the next
 * flight, any result will do, since the waiter then stops waiting.
 */
static bool is_of_other_file(struct flight *flight, struct range range)
{
	struct range their_range = {
		atomic_load_explicit(&flight->from, memory_order_relaxed),
		atomic_load_explicit(&flight->to, memory_order_relaxed),
	};
	struct file_id ours, theirs;
	pid_t pid;

	return find_process(flight, &pid) && !mapped_file_id(0, range, &ours) &&
	       !mapped_file_id(pid, their_range, &theirs) && !file_id_equals(theirs, ours);
}

/*
 * End a flight (a write-back in progress) if its thread has died: its robust lock can then be
 * taken.
 */
static void end_if_dead(struct flights *flights, struct flight *flight, uint32_t number)
{
	sigset_t before;

	signals_block(&before);
	if (robust_lock_try(&flight->lock)) {
		if (atomic_load(&flight->number) == number)
			end(flights, flight);
		else /* another waiter has ended the dead thread's write-back */
			robust_lock_release(&flight->lock);
	}
	signals_restore(&before);
}

/*
 * Poll for the end of a flight (a write-back in progress) before sleeping: most flights are short,
 * and a sleep would take longer than the rest of the flight.
 */
static bool ends_soon(struct flight *flight, uint32_t number)
{
	for (unsigned i = 0; i < LOOKS; i++)
		if (atomic_load_explicit(&flight->number, memory_order_acquire) != number)
			return true;
	return false;
}

static void wait_for(struct flights *flights, struct flight *flight, uint32_t number)
{
	while (!ends_soon(flight, number)) {
		end_if_dead(flights, flight, number);
		if (atomic_load(&flight->number) == number)
			sleep_on(flight, number);
	}
}

void flights_wait(struct flights *flights, struct file_id file, struct range range)
{
	uint64_t ours = digest(file);

	if (!atomic_load(&flights->under_way))
		return;
	for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &flights->list[i];
		uint32_t number = atomic_load(&flight->number);
		uint64_t theirs = atomic_load(&flight->file);
		bool are_known = ours != ANY_FILE && theirs != ANY_FILE;
		if (!theirs || (are_known && theirs != ours))
			continue;
		if (are_known || !is_of_other_file(flight, range))
			wait_for(flights, flight, number);
	}
}
