/* SPDX-License-Identifier: BSD-3-Clause */
/* target.c - run the program with the recorder loaded, and take its records out of the ring */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/unmap.h"
#include "command.h"
#include "drain.h"

#define REST_MICROSECONDS 100

/* ---- the program */

static void set_variables(const struct work *work, enum model model)
{
	char value[PATH_MAX * 2], directory[PATH_MAX];
	const char *loaded = getenv("LD_PRELOAD");

	snprintf(value, sizeof(value), "%s%s%s", module_path(work, "trace"), loaded ? ":" : "",
		loaded ? loaded : "");
	setenv("LD_PRELOAD", value, 1);
	snprintf(directory, sizeof(directory), "%s/trace", work->path);
	setenv("HOLDFAST_CRASH_TRACE", directory, 1);
	set_model_variables(model);
}

static _Noreturn void become_program(const struct work *work, const struct options *options)
{
	char **program = options->program;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(work->output, STDOUT_FILENO);
	set_variables(work, options->explore.model);
	execvp(program[0], program);
	fprintf(stderr, "%s: %s: %s\n", command_name, program[0], strerror(errno));
	_exit(127);
}

static int wait_for_end(struct work *work, pid_t pid, struct drain *drain, int *status)
{
	for (;;) {
		drain_old(drain);
		probes_answer(work);
		progress_recorded(drain->trace);
		if (drain->error || is_stopped)
			return -1;
		pid_t ended = waitpid(pid, status, WNOHANG);
		if (ended == pid)
			return 0;
		if (ended < 0)
			return -1;
		usleep(REST_MICROSECONDS);
	}
}

/* Copies the program's output to standard error, and keeps it in the trace. */
static int keep_output(const struct work *work, struct trace *trace)
{
	struct event slots[1 + 4096 / EVENT_SLOT];
	off_t at = OUTPUT_BEGINS;
	ssize_t got;

	while ((got = pread(work->output, slots + 1, 4096, at)) > 0) {
		slots[0] = (struct event){.kind = EVENT_OUTPUT, .length = (uint64_t)got};
		fwrite(slots + 1, 1, (size_t)got, stderr);
		if (trace_add(trace, slots, event_slots(slots)) < 0)
			return complain(STATUS_NOTHING, "the trace: %s", err_get());
		at += got;
	}
	return STATUS_CLEAN;
}

/* Adds the recorder's report on raw instructions to the trace, if the program has any. */
static int keep_probes(const struct work *work, struct trace *trace)
{
	const struct probe_report *report = &work->ring->probes.report;
	struct event slots[2 + sizeof(*report) / EVENT_SLOT] = {
		{.kind = EVENT_PROBES, .length = sizeof(*report)}};

	if (!report->probed && !report->refused)
		return STATUS_CLEAN;
	memcpy(slots + 1, report, sizeof(*report));
	if (trace_add(trace, slots, event_slots(slots)) < 0)
		return complain(STATUS_NOTHING, "the trace: %s", err_get());
	return STATUS_CLEAN;
}

/* ---- after the program's end: finding changes of files that were not recorded */

struct ending {
	struct trace *trace;
	const unsigned char *now, *known;
	unsigned number;
	uint64_t lines;
	int error;
};

static void compare_line(struct ending *ending, uint64_t offset)
{
	struct event slots[1 + EVENT_LINE / EVENT_SLOT] = {{.kind = EVENT_SEEN,
		.place = place_of(ending->number, offset),
		.length = EVENT_LINE}};

	if (!memcmp(ending->now + offset, ending->known + offset, EVENT_LINE))
		return;
	memcpy(slots + 1, ending->now + offset, EVENT_LINE);
	int taken = trace_add(ending->trace, slots, 1 + EVENT_LINE / EVENT_SLOT);
	if (taken < 0)
		ending->error = taken;
	ending->lines++;
}

/*
 * Returns the first offset from `at` on at which file a or file b has data (no hole), or `end` if
 * both have only holes from there on.
 */
static off_t next_data(int a, int b, off_t at, off_t end)
{
	off_t x = lseek(a, at, SEEK_DATA), y = lseek(b, at, SEEK_DATA);

	if (x < 0 || x > end)
		x = end;
	if (y < 0 || y > end)
		y = end;
	return x < y ? x : y;
}

static void compare(struct ending *ending, int file, int shadow, off_t size)
{
	off_t at = 0;

	while ((at = next_data(file, shadow, at, size) & ~(off_t)(EVENT_LINE - 1)) < size) {
		off_t page = (at | 4095) + 1;
		for (; at < page && at < size && !ending->error; at += EVENT_LINE)
			compare_line(ending, (uint64_t)at);
	}
}

/* Opens a file by its name. Fails if the name leads to another file by now. */
static int open_again(const struct ring_file *known, const char *name)
{
	struct stat stat;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &stat) && stat.st_dev == known->device &&
		stat.st_ino == known->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void compare_file(struct work *work, struct run *run, unsigned number, int *error)
{
	const struct trace_file *file = &run->trace.files[number - 1];
	const struct ring_file *known = &work->ring->files[number - 1];
	char name[PATH_MAX];
	struct stat stat;

	snprintf(name, sizeof(name), "%s/trace/shadow.%u", work->path, number);
	bool is_watched = run->trace.has_names;
	int fd = is_watched ? watch_open(work, run, number) : open_again(known, file->name);
	int shadow = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && is_watched) {
		; /* the file has no name any more */
	} else if (fd < 0 || shadow < 0 || fstat(fd, &stat)) {
		run->file_gone = true;
	} else {
		if (!is_watched && stat.st_size > (off_t)known->size &&
			!watch_add_words(&run->trace, EVENT_MISSED, 0, MISSED_GROWTH, file->name))
			*error = -ENOMEM;
		off_t size = stat.st_size < (off_t)known->size ? stat.st_size : (off_t)known->size;
		size_t length = ((size_t)size + 4095) & ~(size_t)4095;
		void *now = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
		void *shown = mmap(NULL, length, PROT_READ, MAP_SHARED, shadow, 0);
		struct ending ending = {&run->trace, now, shown, number, 0, 0};
		if (length && now != MAP_FAILED && shown != MAP_FAILED)
			compare(&ending, fd, shadow, (off_t)length);
		unmap(now, length);
		unmap(shown, length);
		run->lines_at_end += ending.lines;
		*error = ending.error;
		if (is_watched && !*error)
			*error = watch_note_size(work, run, number, stat.st_size);
	}
	if (fd >= 0)
		close(fd);
	if (shadow >= 0)
		close(shadow);
	unlink(name);
}

/* ---- explaining why nothing was recorded */

static int say_why_nothing(
	const struct work *work, const struct options *options, const struct run *run)
{
	const struct ring *ring = work->ring;
	char *path = find_program(options->program[0]);
	const char *why = path ? why_not_loaded(path) : NULL;

	free(path);
	if (!ring->attached)
		return complain(STATUS_NOTHING, "%s cannot be recorded: %s", options->program[0],
			why ? why : "the program did not load the recorder");
	if (ring->failed_maps)
		return complain(STATUS_NOTHING,
			"no room in %s for the files that %s maps; HOLDFAST_CRASH_DIR names another directory",
			work->path, options->program[0]);
	if (options->explore.model == MODEL_MIRROR)
		return side_is_missing(options->program[0]);
	if (ring->other_maps)
		return complain(STATUS_NOTHING,
			"%s maps the existing file %s, which was not copied: name it with --file, or give --in-place",
			options->program[0], ring->other_name);
	if (ring->private_maps)
		return complain(STATUS_NOTHING,
			"%s maps files only with MAP_PRIVATE: its stores never reach a file",
			options->program[0]);
	(void)run;
	return complain(STATUS_NOTHING, "%s maps no file with both MAP_SHARED and PROT_WRITE",
		options->program[0]);
}

static int say_how_it_ended(const struct work *work, const struct options *options, int status)
{
	const char *name = options->program[0];
	struct statvfs room;

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS && !statvfs(work->path, &room) &&
		room.f_bavail * room.f_frsize < 1 << 20)
		return complain(STATUS_NOTHING,
			"no room in %s for the data that %s stores; HOLDFAST_CRASH_DIR names another directory",
			work->path, name);
	if (WIFSIGNALED(status))
		return complain(STATUS_PROGRAM, "%s failed by itself: signal %d (%s)", name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	return complain(
		STATUS_PROGRAM, "%s failed by itself: exit status %d", name, WEXITSTATUS(status));
}

static int finish(struct work *work, const struct options *options, struct run *run)
{
	int error = 0;

	run->failed_maps = work->ring->failed_maps;
	if (run->status && !work->ring->attached && why_not_loaded(options->program[0]))
		return say_why_nothing(work, options, run);
	if (run->status)
		return say_how_it_ended(work, options, run->status);
	if (!work->ring->file_count)
		return say_why_nothing(work, options, run);
	for (unsigned i = 1; i <= run->trace.file_count && !error; i++)
		if (!run->trace.files[i - 1].is_mirror)
			compare_file(work, run, i, &error);
	if (run->trace.has_names)
		run->failed_names = watch_differs(work, run);
	return error ? complain(STATUS_NOTHING, "%s", err_get()) : STATUS_CLEAN;
}

int target_run(struct work *work, const struct options *options, struct run *run)
{
	struct drain drain = {.ring = work->ring, .trace = &run->trace};
	char *path = find_program(options->program[0]);
	const char *why = path ? why_not_loaded(path) : NULL;

	free(path);
	if (!path)
		return complain(STATUS_NOTHING, "there is no program %s", options->program[0]);
	if (why)
		return complain(
			STATUS_NOTHING, "%s cannot be recorded: %s", options->program[0], why);
	work->ring->probes.is_off = options->no_probes;
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return complain(STATUS_NOTHING, "fork: %s", strerror(errno));
	if (!pid)
		become_program(work, options);
	int ended = wait_for_end(work, pid, &drain, &run->status);
	progress_end();
	end_children();
	run->lost_slots = drain_rest(&drain);
	int status = keep_output(work, &run->trace);
	if (!status)
		status = keep_probes(work, &run->trace);
	if (drain.error)
		return complain(STATUS_NOTHING, "the trace: %s", err_get());
	if (ended)
		return complain(STATUS_NOTHING, "stopped while %s ran", options->program[0]);
	if (status)
		return status;
	return finish(work, options, run);
}
