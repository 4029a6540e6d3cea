/* SPDX-License-Identifier: BSD-3-Clause */
/* path.c - explain what a path leads to, without changing it */
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static void fail(struct answer *answer, const char *what)
{
	answer->outcome = OUTCOME_UNKNOWN;
	answer->error = must_copy(what);
}

/*
 * Opens a path. Uses O_PATH for devices, which is enough to explain them: a normal open may have
 * side effects, such as rewinding a tape or starting a watchdog. Opens files and directories for
 * reading, if permitted.
 */
static int open_to_explain(const char *path)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return fd;
	int readable = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (readable < 0)
		return fd;
	close(fd);
	return readable;
}

/*
 * Makes a file with a name, and removes the name at once. For file systems that do not support
 * O_TMPFILE.
 */
static int make_and_unlink(const char *directory)
{
	char *name;

	if (asprintf(&name, "%s/.holdfast-XXXXXX", directory) < 0)
		return -1;
	int fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0 && unlink(name)) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	free(name);
	return fd;
}

/* Makes a file of one page without a name, which the kernel deletes when it is closed. */
static int make_trial_file(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* EISDIR: kernels older than O_TMPFILE see only O_DIRECTORY, which is one of its bits. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = make_and_unlink(directory);

	if (fd >= 0 && ftruncate(fd, sysconf(_SC_PAGESIZE))) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	return fd;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void path_explain(struct answer *answer, bool try)
{
	bool made = try && is_directory(answer->path);
	int fd = made ? make_trial_file(answer->path) : open_to_explain(answer->path);

	if (fd < 0) {
		char what[128];
		snprintf(what, sizeof(what), "%s%s",
			made ? "cannot make a file for --try in this directory: " : "",
			strerror(errno));
		fail(answer, what);
		return;
	}
	if (holdfast_explain_fd(&answer->told, fd))
		fail(answer, pmem2_errormsg());
	close(fd);
}

void path_fini(struct answer *answer)
{
	holdfast_explanation_free(&answer->told);
}

static void conclude(struct answer *answer, enum outcome outcome, const char *because)
{
	answer->outcome = outcome;
	answer->because = because;
}

/*
 * True if a file of this kind can never be mapped. False if the file is just empty, or this process
 * may not read it.
 */
static bool is_unmappable(int map_error)
{
	return map_error && map_error != PMEM2_E_SOURCE_EMPTY && map_error != -EBADF;
}

/*
 * True for errors that say nothing about the file, because this process lacks memory or descriptors
 * at the moment.
 */
static bool is_short_of(int map_error)
{
	return map_error == -ENOMEM || map_error == -EAGAIN || map_error == -ENFILE ||
	       map_error == -EMFILE;
}

/*
 * True if a coarser granularity was assumed, because it could not be found out if a finer one is
 * possible.
 */
static bool is_assumed(enum holdfast_reason reason)
{
	return reason == HOLDFAST_REASON_MAP_SYNC_UNKNOWN ||
	       reason == HOLDFAST_REASON_DOMAIN_UNREADABLE;
}

/*
 * Judges by the granularity that the storage needs, and ignores environment variables that force
 * another one. If one reason says that the requirement is not met, and another one that this cannot
 * be known, the first one counts.
 */
void path_require(struct answer *answer, enum pmem2_granularity required)
{
	const struct holdfast_explanation *told = answer->told;

	if (told->survival == HOLDFAST_SURVIVES_NOT)
		conclude(answer, OUTCOME_NO, "stores do not survive a power cut at all");
	else if (told->not_storable)
		conclude(answer, OUTCOME_NO, "nothing can be stored");
	else if (is_short_of(told->map_error))
		conclude(answer, OUTCOME_UNKNOWN,
			"this process lacks the memory or the file descriptors to try it");
	else if (told->needed_reason == HOLDFAST_REASON_DAX_UNSEEN)
		conclude(answer, OUTCOME_UNKNOWN, "the device is not shown by sysfs");
	else if (is_unmappable(told->map_error))
		conclude(answer, OUTCOME_NO, "it cannot be mapped");
	else if (told->needed > required && is_assumed(told->needed_reason))
		conclude(answer, OUTCOME_UNKNOWN, "the granularity could not be found out");
	else if (told->needed > required)
		conclude(answer, OUTCOME_NO, "the granularity is coarser");
	else if (told->survival == HOLDFAST_SURVIVES_ELSEWHERE)
		conclude(answer, OUTCOME_UNKNOWN,
			"another machine or storage layer decides whether stores survive a power cut");
	else if (told->survival == HOLDFAST_SURVIVES_UNKNOWN)
		conclude(answer, OUTCOME_UNKNOWN,
			"it could not be found out whether stores survive a power cut");
	else
		conclude(answer, OUTCOME_YES, NULL);
}
