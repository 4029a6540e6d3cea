/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failed-files.c - tests the table of files that have lost a write-back; an epoch is the number of
 * a failure
 */
#include "map/failed_files.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map/robust_lock.h"
#include "emulated.h"
#include "tap.h"
#include "unit/killed.h"

static struct failed_files *table;

static void new_table(void)
{
	if (table)
		munmap(table, sizeof(*table));
	table = mmap(
		NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED)
		bail("no shared memory: %m");
	failed_files_init(table);
}

/* The identity that fstat(2) would return for this inode; inode 0: an unknown file. */
static struct file_ids file_of(uint64_t inode)
{
	return (struct file_ids){.stat = {inode ? 8 : 0, inode}};
}

static uint64_t fail(uint64_t inode, int error)
{
	struct failed_write write = {.offset = 4096 * inode, .length = 4096, .error = error};

	struct file_ids file = file_of(inode);

	return failed_files_record(table, &file, &write);
}

static bool failed(uint64_t inode, uint64_t since, struct failed_write *found)
{
	struct file_ids file = file_of(inode);

	return failed_files_find(table, &file, since, found);
}

static void one_file(void)
{
	struct failed_write found = {.error = 77};

	new_table();
	is_int(failed_files_epoch(table), 0, "failed_files: the epoch is 0 before any failure");
	ok(!failed(1, 0, &found), "failed_files: no file has failed in a new table");
	is_int(found.error, 77,
		"failed_files: the caller's struct is unchanged if no failure of the file is found");
	is_int(fail(1, EIO), 1, "failed_files: the first failure has epoch 1");
	is_int(failed_files_epoch(table), 1,
		"failed_files: the epoch is that of the latest failure");
	ok(failed(1, 0, &found), "failed_files: a failed file is found");
	ok(found.error == EIO && found.offset == 4096 && found.length == 4096 && found.epoch == 1,
		"failed_files: the failure that is found has the values that were recorded");
	ok(!failed(2, 0, &found),
		"failed_files: a file without a recorded failure counts as sound");
	ok(!failed(1, 1, &found),
		"failed_files: a search for failures later than the file's latest failure finds none");
	fail(1, ENOSPC);
	ok(failed(1, 1, &found) && found.error == ENOSPC && found.epoch == 2,
		"failed_files: of two failures of a file the later one is found");
}

static void unknown_files(void)
{
	struct failed_write found;

	new_table();
	fail(3, EIO);
	ok(failed(0, 0, &found),
		"failed_files: a file that cannot be identified counts as failed if any file has failed");
	fail(0, EROFS);
	ok(failed(4, 1, &found) && found.error == EROFS,
		"failed_files: a failure of a file that could not be identified counts for every file");
}

/*
 * A file on btrfs, for which fstat(2) and the list of mappings (/proc/self/maps) have different
 * device numbers.
 */
static void two_identities(void)
{
	const struct failed_write write = {.error = EIO};
	const struct file_ids both = {{40, 257}, {31, 257}}, listed = {.listed = {31, 257}},
			      other_listed = {.listed = {31, 258}}, by_stat = {.stat = {40, 257}},
			      other_by_stat = {.stat = {40, 258}};
	struct failed_write found;

	new_table();
	failed_files_record(table, &both, &write);
	ok(failed_files_find(table, &listed, 0, &found),
		"failed_files: a failed file is found if only its identity in the list of mappings is known");
	ok(!failed_files_find(table, &other_listed, 0, &found),
		"failed_files: a file with another identity in the list of mappings has not failed");
	ok(failed_files_find(table, &by_stat, 0, &found),
		"failed_files: a failed file is found if only its identity from fstat is known");
	ok(!failed_files_find(table, &other_by_stat, 0, &found),
		"failed_files: a file to which fstat gives another identity has not failed");
	new_table();
	failed_files_record(table, &listed, &write);
	ok(failed_files_find(table, &by_stat, 0, &found),
		"failed_files: an identity from fstat and one from the list of mappings cannot be compared, and count as one file");
	ok(!failed_files_find(table, &(struct file_ids){{40, 258}, {31, 258}}, 0, &found),
		"failed_files: a file whose identities both differ from the failed one has not failed");
}

static void many_files(void)
{
	struct failed_write found;
	uint64_t last = FAILED_FILES_MAX + 1;

	new_table();
	for (uint64_t inode = 1; inode < last; inode++)
		fail(inode, EIO);
	ok(failed(1, 0, &found) && found.offset == 4096 && !failed(1, 1, &found),
		"failed_files: a full table still tells failures of different files apart");
	fail(last, EIO);
	ok(failed(last, last - 1, &found),
		"failed_files: a failure of a further file is recorded although the table is full");
	ok(failed(999, 0, &found),
		"failed_files: a failure that is recorded when the table is full counts for every file");
}

/* A child records a failure, and is killed while it holds the lock of the table. */
static void other_processes(void)
{
	struct failed_write found;
	pid_t pid;

	if (!locks_of_the_dead_are_passed_on()) {
		skip("failed_files: the lock of a killed process can be taken by another process",
			LOCKS_OF_THE_DEAD_ARE_LOST);
		return;
	}
	new_table();
	pid = fork();
	if (!pid) {
		fail(5, EIO);
		robust_lock_take(&table->lock);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	ok(failed(5, 0, &found),
		"failed_files: a failure that a forked child recorded is found by its parent");
	is_int(fail(6, EIO), 2,
		"failed_files: the lock of a killed process can be taken by another process");
}

static void *fail_once(void)
{
	new_table();
	fail(1, EIO);
	return table;
}

static void fail_again(void)
{
	fail(1, ENOSPC);
}

static void fail_another(void)
{
	fail(2, ENOSPC);
}

/*
 * True if the first failure is still found, each record has an error, and there is room for another
 * record.
 */
static bool first_failure_stands(void)
{
	struct failed_write found;

	if (!failed(1, 0, &found) || !found.error || (failed(2, 0, &found) && !found.error))
		return false;
	fail(3, EROFS);
	return failed(3, 1, &found) && found.error == EROFS && failed(1, 0, &found);
}

static void killed_anywhere(void)
{
	const struct killed again = {fail_once, sizeof(*table), fail_again, NULL,
				    first_failure_stands},
			    another = {fail_once, sizeof(*table), fail_another, NULL,
				    first_failure_stands};

	killed_at_each(&again,
		"failed_files: a process killed after any store of a second record of a file leaves the first record intact");
	killed_at_each(&another,
		"failed_files: a process killed after any store of the record of another file leaves the first record intact");
}

/*
 * Holds the lock while a child with the same thread number, in a PID namespace of its own, tries to
 * take the lock. Returns 5 if the child waited for the lock, 99 if there can be no such namespace.
 */
static int namesake_waits(void)
{
	robust_lock_take(&table->lock);
	if (unshare(CLONE_NEWPID))
		return 99;
	pid_t pid = fork();
	if (!pid)
		_exit(fail(7, EIO) == 1 ? 5 : 6);
	usleep(50000);
	bool waits = failed_files_epoch(table) == 0;
	robust_lock_release(&table->lock);
	int status;
	waitpid(pid, &status, 0);
	return waits && WIFEXITED(status) ? WEXITSTATUS(status) : 7;
}

static void in_pid_namespaces(void)
{
	const char *what =
		"failed_files: a process waits for the lock of another whose thread has the same number";
	int status = 0;

	new_table();
	pid_t pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(99);
		pid = fork(); /* this child and its child both have PID 1, in two namespaces */
		if (!pid)
			_exit(namesake_waits());
		waitpid(pid, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip(what, "a PID namespace needs root");
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 5, "%s", what);
}

int main(void)
{
	one_file();
	unknown_files();
	two_identities();
	many_files();
	other_processes();
	killed_anywhere();
	in_pid_namespaces();
	return tap_done();
}
