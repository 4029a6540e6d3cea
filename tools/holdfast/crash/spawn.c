/* SPDX-License-Identifier: BSD-3-Clause */
/* spawn.c - start the command for each image, on a copy of it */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unmap.h"
#include "checker.h"

static bool refresh_whole(int image, int copy, off_t size)
{
	return !ftruncate(copy, 0) && !copy_data(image, copy, size);
}

static bool refresh_pages(int copy, const unsigned char *image, off_t size)
{
	unsigned char *mapped =
		mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);

	if (mapped == MAP_FAILED)
		return false;
	for (off_t at = 0; at < size; at += 4096) {
		size_t length = size - at < 4096 ? (size_t)(size - at) : 4096;
		if (memcmp(mapped + at, image + at, length))
			memcpy(mapped + at, image + at, length);
	}
	unmap(mapped, (size_t)size);
	return true;
}

static bool refresh(struct checker *checker, unsigned number)
{
	char from[PATH_MAX], to[PATH_MAX];
	off_t size = (off_t)checker->run->trace.files[number - 1].size;
	struct stat stat;

	if (checker->run->trace.file_count == 1) {
		snprintf(from, sizeof(from), "%s", checker->image);
		snprintf(to, sizeof(to), "%s", checker->copy);
	} else {
		const char *name = file_base_name(&checker->run->trace, number);
		snprintf(from, sizeof(from), "%s/%s", checker->image, name);
		snprintf(to, sizeof(to), "%s/%s", checker->copy, name);
	}
	int image = open(from, O_RDONLY | O_CLOEXEC);
	int copy = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	bool is_good = image >= 0 && copy >= 0 && !fstat(copy, &stat);
	if (is_good && (stat.st_size != size || size > 64 << 20))
		is_good = refresh_whole(image, copy, size);
	else if (is_good)
		is_good = refresh_pages(copy,
			memories_image(&checker->run->memories, checker->worker)[number - 1], size);
	if (image >= 0)
		close(image);
	if (copy >= 0)
		close(copy);
	return is_good;
}

static int refresh_all(struct checker *checker)
{
	if (checker->run->trace.has_names)
		return watch_show(checker->run,
			memories_image(&checker->run->memories, checker->worker), checker->copy);
	for (unsigned i = 1; i <= checker->run->trace.file_count; i++)
		if (!refresh(checker, i))
			return complain(STATUS_NOTHING,
				"the image could not be copied for the checker: %s",
				strerror(errno));
	return STATUS_CLEAN;
}

static int wait_spawned(struct checker *checker, pid_t pid)
{
	double until = checker->deadline > 0 ? now() + checker_deadline(checker) : 0;
	int status;

	for (unsigned rests = 0; waitpid(pid, &status, WNOHANG) != pid; rests++) {
		if ((until > 0 && now() > until) || is_stopped) {
			checker_end_late(pid);
			waitpid(pid, &status, 0);
			return VERDICT_DEADLINE;
		}
		usleep(rests < 100 ? 20 : 500);
	}
	return status;
}

int spawn_command(struct checker *checker, int *status)
{
	int error = refresh_all(checker);

	if (error)
		return error;
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return complain(STATUS_NOTHING, "fork: %s", strerror(errno));
	if (!pid) {
		setpgid(0, 0);
		checker_redirect(checker);
		checker_become(checker);
	}
	setpgid(pid, pid);
	*status = wait_spawned(checker, pid);
	kill(-pid, SIGKILL);
	end_children();
	return STATUS_CLEAN;
}
