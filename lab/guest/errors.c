/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * errors.c - a disk loses data during writeback, which the kernel reports once: both libraries must
 * report the loss again and again
 *
 *	errors DIR BREAK MEND
 *
 * BREAK is a command after which the disk under DIR fails each write, MEND one after which the disk
 * works again.
 */
#include <libpmem2/holdfast.h>
#include <signal.h>
#include <sys/wait.h>

#include "guest.h"

#define SIZE ((size_t)1 << 20)
#define FAR  ((size_t)512 << 10) /* offset of a page that is not written back with page 0 */

static const char *dir, *break_disk, *mend_disk;

static void command(const char *line)
{
	if (system(line))
		bail("command %s failed", line);
}

/* Makes a file whose blocks are allocated, written and durable; returns its path. */
static const char *new_file(const char *name)
{
	static char path[4096];
	static char zeros[SIZE];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, zeros, SIZE) != (ssize_t)SIZE || fsync(fd))
		bail("cannot make %s: %m", path);
	close(fd);
	sync();
	return path;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		bail("cannot open %s: %m", path);
	return fd;
}

static char *at(struct pmem2_map *map, size_t offset)
{
	return (char *)pmem2_map_get_address(map) + offset;
}

static int deep(struct pmem2_map *map, size_t offset)
{
	return pmem2_deep_flush(map, at(map, offset), 1);
}

static void persist(struct pmem2_map *map, size_t offset)
{
	*at(map, offset) = 1;
	pmem2_get_persist_fn(map)(at(map, offset), 1);
}

/* Persists in a child process. Returns the signal that ended it, or -5 if the persist returned. */
static int ending(struct pmem2_map *map, size_t offset)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		persist(map, offset);
		_exit(5);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("cannot fork a child: %m");
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* Shows that the kernel reports the error only once, which is the reason for all other tests. */
static void kernel_forgets(void)
{
	int fd = open_file(new_file("kernel"));
	char *view = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (view == MAP_FAILED)
		bail("cannot map: %m");
	command(break_disk);
	*view = 1;
	is_int(msync(view, SIZE, MS_SYNC) ? errno : 0, EIO,
		"the kernel: msync fails on a disk that loses data");
	command(mend_disk);
	is_int(msync(view, SIZE, MS_SYNC) ? errno : 0, 0,
		"the kernel: the next msync succeeds though the data are lost");
	munmap(view, SIZE);
	close(fd);
}

static void deep_flush(void)
{
	int fd = open_file(new_file("deep"));
	struct pmem2_map *map = map_of(fd), *second = map_of(fd);

	command(break_disk);
	*at(map, 0) = 1;
	is_int(deep(map, 0), -EIO, "libpmem2: deep flush: fails on a disk that loses data");
	command(mend_disk);
	is_int(deep(map, 0), -EIO,
		"libpmem2: deep flush: after one failure it keeps failing, even when the disk works again");
	*at(map, 0) = 2;
	is_int(deep(map, 0), -EIO,
		"libpmem2: deep flush: after one failure it keeps failing, even after another store");
	is_int(deep(map, FAR), -EIO,
		"libpmem2: deep flush: after one failure a deep flush of another page of the file fails, too");
	is_int(deep(second, FAR), -EIO,
		"libpmem2: deep flush: after one failure a deep flush of another map of the same descriptor fails, too");
	is_int(ending(map, 0), SIGABRT,
		"libpmem2: persist after a failed deep flush: ends the process");
	struct pmem2_map *later = map_of(fd);
	is_int(deep(later, 0), 0, "libpmem2: a map made after the failure: deep flush succeeds");
	is_int(ending(later, 0), -5,
		"libpmem2: a map made after the failure: persist does not end the process");
	is_int(holdfast_writeback_accept(at(map, 0), SIZE), 0,
		"libpmem2: holdfast_writeback_accept accepts the loss");
	is_int(deep(map, 0), 0, "libpmem2: deep flush after holdfast_writeback_accept: succeeds");
	is_int(deep(second, 0), -EIO,
		"libpmem2: deep flush of another map, whose loss was not accepted: still fails");
	pmem2_map_delete(&later);
	pmem2_map_delete(&second);
	pmem2_map_delete(&map);
	close(fd);
}

/*
 * The kernel reports the error to a child first. The parent, which shares the open file, must get
 * an error from the library, too.
 */
static void forked(void)
{
	int fd = open_file(new_file("forked"));
	struct pmem2_map *map = map_of(fd);

	command(break_disk);
	is_int(ending(map, 0), SIGABRT,
		"writeback error after fork: the child that persists first is ended by SIGABRT");
	command(mend_disk);
	is_int(ending(map, FAR), SIGABRT,
		"writeback error after fork: a second child that persists is ended by SIGABRT, too");
	is_int(deep(map, FAR), -EIO, "writeback error after fork: the parent's deep flush fails");
	pmem2_map_delete(&map);
	close(fd);
}

static struct holdfast_writeback_failure heard[4];
static unsigned hearings;

static enum holdfast_writeback_verdict hear(
	const struct holdfast_writeback_failure *failure, void *context)
{
	(void)context;
	if (hearings < 4)
		heard[hearings] = *failure;
	hearings++;
	return HOLDFAST_WRITEBACK_LOST;
}

static void handled(void)
{
	int fd = open_file(new_file("handled"));
	struct pmem2_map *map = map_of(fd);

	holdfast_set_writeback_handler(hear, NULL);
	command(break_disk);
	*at(map, 0) = *at(map, FAR) = 1;
	pmem2_get_flush_fn(map)(at(map, 0), 1);
	pmem2_get_flush_fn(map)(at(map, FAR), 1);
	pmem2_get_drain_fn(map)();
	is_int(hearings, 2, "writeback error handler: is called for each range that was lost");
	is_int(heard[0].error, EIO, "writeback error handler: gets the error EIO");
	command(mend_disk);
	/* The second failure came after the handler had accepted the loss of the first one. */
	persist(map, 0);
	persist(map, FAR);
	ok(hearings == 2 || (hearings == 3 && heard[2].flags == HOLDFAST_WRITEBACK_UNCERTAIN),
		"writeback error handler: a range whose loss it accepted may be reported once more, flagged as uncertain");
	hearings = 0;
	persist(map, 0);
	persist(map, FAR);
	is_int(hearings, 0,
		"writeback error handler: after it accepted the loss of a range, new stores to the range become durable");
	holdfast_set_writeback_handler(NULL, NULL);
	is_int(ending(map, FAR * 3 / 2), SIGABRT,
		"writeback error handler: after its removal, a persist of a range whose loss it did not accept ends the process");
	holdfast_writeback_accept(at(map, 0), SIZE);
	pmem2_map_delete(&map);
	close(fd);
}

static int msync_of(const void *addr)
{
	return pmem_msync(addr, 1) ? errno : 0;
}

static void with_libpmem(void)
{
	const char *path = new_file("libpmem");
	int is_pmem = 4711;
	size_t length;
	char *view = pmem_map_file(path, 0, 0, 0, &length, &is_pmem);

	if (!view)
		bail("pmem_map_file: %s", pmem_errormsg());
	is_int(is_pmem, 0, "libpmem: a file on a disk is not persistent memory");
	command(break_disk);
	*view = 1;
	is_int(msync_of(view), EIO, "libpmem: pmem_msync: fails on a disk that loses data");
	command(mend_disk);
	is_int(msync_of(view), EIO,
		"libpmem: pmem_msync: after one failure it keeps failing, even when the disk works again");
	*view = 2;
	is_int(msync_of(view), EIO,
		"libpmem: pmem_msync: after one failure it keeps failing, even after another store");
	is_int(msync_of(view + FAR), EIO,
		"libpmem: pmem_msync: after one failure a call for another page of the file fails, too");
	is_int(pmem_deep_persist(view, 1) ? errno : 0, EIO,
		"libpmem: pmem_deep_persist after a failed pmem_msync: fails, too");
	pmem_unmap(view, length);
	view = pmem_map_file(path, 0, 0, 0, &length, NULL);
	if (!view)
		bail("pmem_map_file: %s", pmem_errormsg());
	is_int(msync_of(view), 0, "libpmem: pmem_msync of a map made after the failure: succeeds");
	is_int(pmem_deep_persist(view, 1), 0,
		"libpmem: pmem_deep_persist of a map made after the failure: succeeds");
	pmem_unmap(view, length);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		bail("usage: errors DIR BREAK MEND");
	dir = argv[1];
	break_disk = argv[2];
	mend_disk = argv[3];
	/* Line buffering: children must not print lines that are still in the parent's buffer. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	kernel_forgets();
	deep_flush();
	forked();
	handled();
	with_libpmem();
	return tap_done();
}
