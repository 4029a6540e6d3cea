/* SPDX-License-Identifier: BSD-3-Clause */
/* spawn.c - start the command for each image, on a copy of it */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unmap.h"
#include "checker.h"

#define PAGE       4096
#define MAPPED     (64 << 20) /* largest file, in bytes, whose copy is mapped */
#define WAIT_MILLI 200        /* while the command runs, look for signals at this interval */
#define REST_MICRO 500        /* interval on kernels without pidfd_open(2), in us */

/* ---- the copy */

static uint64_t size_of(const struct checker *checker, unsigned number)
{
	return checker->run->trace.files[number - 1].size;
}

static void forget_copy(struct checker *checker, unsigned number)
{
	struct copy *copy = &checker->copies[number - 1];

	unmap(copy->mapped, size_of(checker, number));
	*copy = (struct copy){0};
}

void spawn_forget_copies(struct checker *checker)
{
	for (unsigned i = 1; i <= checker->run->trace.file_count; i++)
		forget_copy(checker, i);
}

/* Copies a file of the image as a whole, and maps the copy unless it is large. */
static bool copy_whole(struct checker *checker, unsigned number, const char *to)
{
	char from[PATH_MAX];
	struct copy *copy = &checker->copies[number - 1];
	off_t size = (off_t)size_of(checker, number);
	struct stat stat;

	forget_copy(checker, number);
	image_file(checker->work, checker->run, "image", checker->worker, number, from);
	int image = open(from, O_RDONLY | O_CLOEXEC);
	int fd = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	bool is_good = image >= 0 && fd >= 0 && !ftruncate(fd, 0) && !copy_data(image, fd, size);
	if (is_good && size <= MAPPED && !fstat(fd, &stat)) {
		void *mapped = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		copy->mapped = mapped == MAP_FAILED ? NULL : mapped;
		copy->inode = stat.st_ino;
	}
	if (image >= 0)
		close(image);
	if (fd >= 0)
		close(fd);
	return is_good;
}

/*
 * Updates a file of the copy: copies all pages that differ from the image, because the last command
 * may have written to any page of the copy.
 */
static void copy_pages(struct checker *checker, unsigned number)
{
	unsigned char *to = checker->copies[number - 1].mapped;
	const unsigned char *from =
		memories_image(&checker->run->memories, checker->worker)[number - 1];
	uint64_t size = size_of(checker, number);

	for (uint64_t at = 0; at < size; at += PAGE) {
		size_t length = size - at < PAGE ? (size_t)(size - at) : PAGE;
		if (memcmp(to + at, from + at, length))
			memcpy(to + at, from + at, length);
	}
}

static bool refresh(struct checker *checker, unsigned number)
{
	const struct copy *copy = &checker->copies[number - 1];
	char to[PATH_MAX];
	struct stat stat_;

	image_file(checker->work, checker->run, "copy", checker->worker, number, to);
	if (!copy->mapped || stat(to, &stat_) || stat_.st_ino != copy->inode ||
		stat_.st_size != (off_t)size_of(checker, number))
		return copy_whole(checker, number, to);
	copy_pages(checker, number);
	return true;
}

static int refresh_all(struct checker *checker)
{
	if (checker->run->trace.has_names)
		return watch_show(checker->run,
			memories_image(&checker->run->memories, checker->worker), checker->copy);
	for (unsigned i = 1; i <= checker->run->trace.file_count; i++)
		if (file_is_tested(checker->run, i) && !refresh(checker, i))
			return complain(STATUS_NOTHING,
				"the image could not be copied for the checker: %s",
				strerror(errno));
	return STATUS_CLEAN;
}

/* ---- the command */

/*
 * Waits a short time for the end of a process, not beyond the time `until` (0: no limit). `watch`
 * is a pidfd of the process, or negative if the kernel has none.
 */
static void rest(int watch, double until)
{
	struct pollfd poll_ = {.fd = watch, .events = POLLIN};
	double left = until > 0 ? 1000 * (until - now()) : WAIT_MILLI;

	if (watch >= 0)
		poll(&poll_, 1, left < WAIT_MILLI ? (int)left + 1 : WAIT_MILLI);
	else
		usleep(REST_MICRO);
}

static int wait_spawned(struct checker *checker, pid_t pid)
{
	double until = checker->deadline > 0 ? now() + checker_deadline(checker) : 0;
	int watch = (int)syscall(SYS_pidfd_open, pid, 0), status;
	bool is_ended = false;

	while (!is_ended && !is_late(until)) {
		rest(watch, until);
		is_ended = waitpid(pid, &status, WNOHANG) == pid;
	}
	if (watch >= 0)
		close(watch);
	if (is_ended)
		return status;
	checker_end_late(pid);
	waitpid(pid, &status, 0);
	return VERDICT_DEADLINE;
}

int spawn_command(struct checker *checker, int *status)
{
	int error = refresh_all(checker);

	if (error)
		return error;
	/* vfork(): fork(2) would copy the page tables of the trace and the images */
	pid_t pid = vfork();
	if (!pid) {
		setpgid(0, 0);
		checker_redirect(checker);
		checker_become(checker);
	}
	if (pid < 0)
		return complain(STATUS_NOTHING, "vfork: %s", strerror(errno));
	*status = wait_spawned(checker, pid);
	kill(-pid, SIGKILL);
	end_children();
	return STATUS_CLEAN;
}
