/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checker.c - check images of files after a simulated crash by running the user's command
 *
 * Normally, the command is started once and then forked for each image (server.c). It is instead
 * started anew for each image, on a copy of the image (spawn.c), if it is a script, needs a shell,
 * cannot load the library that forks it, writes to the image other than through a map, or starts
 * programs of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checker.h"
#include "holdfast/tool.h"

#define QUOTED 200 /* maximum length of a quote from the command's output, in bytes */

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

bool is_late(double until)
{
	return is_stopped || (until > 0 && now() > until);
}

void checker_redirect(const struct checker *checker)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(checker->said, STDOUT_FILENO);
	dup2(checker->complaints, STDERR_FILENO);
}

_Noreturn void checker_become(const struct checker *checker)
{
	execvp(checker->words[0], checker->words);
	dprintf(STDERR_FILENO, "%s: %s\n", checker->words[0], strerror(errno));
	_exit(127);
}

static int spawn_from_now_on(struct checker *checker, const char *why)
{
	server_end(checker);
	checker->way = (struct way){true, why};
	wording_split(checker, checker->copy);
	return STATUS_CLEAN;
}

static void remember_files(struct checker *checker, bool *changed)
{
	char path[PATH_MAX];
	struct stat stat_;

	*changed = false;
	for (unsigned i = 1; i <= checker->run->trace.file_count; i++) {
		struct file_state *state = &checker->states[i - 1];
		image_file(checker->work, checker->run, "image", checker->worker, i, path);
		if (stat(path, &stat_))
			continue;
		*changed |= stat_.st_mtim.tv_sec != state->changed.tv_sec ||
			    stat_.st_mtim.tv_nsec != state->changed.tv_nsec ||
			    stat_.st_size != state->size;
		state->changed = stat_.st_mtim;
		state->size = stat_.st_size;
	}
}

static void acknowledge(struct checker *checker, uint64_t bytes)
{
	const struct trace *trace = &checker->run->trace;

	if (bytes > trace->output_size) /* a damaged trace may give a number that is too large */
		bytes = trace->output_size;
	if (checker->acknowledged_now == bytes)
		return;
	int fd = open(checker->acknowledged, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
		close(fd);
		return;
	}
	uint64_t at = checker->acknowledged_now < bytes ? checker->acknowledged_now : bytes;
	while (at < bytes) {
		ssize_t put = pwrite(fd, trace->output + at, bytes - at, (off_t)at);
		if (put <= 0)
			break;
		at += (uint64_t)put;
	}
	close(fd);
	checker->acknowledged_now = bytes;
}

/*
 * Replaces the image's name in the command's output by {}, because each run and each worker has
 * another name.
 */
static void hide_name(char *text, const char *name)
{
	char *found = strstr(text, name);

	if (!found)
		return;
	memcpy(found, "{}", 2);
	memmove(found + 2, found + strlen(name), strlen(found + strlen(name)) + 1);
}

/* Returns the first line that the command printed, without control characters. */
static char *what_it_said(const struct checker *checker)
{
	char text[QUOTED + 1];
	ssize_t length = pread(checker->complaints, text, QUOTED, 0);

	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	hide_name(text, checker->way.is_spawned ? checker->copy : checker->image);
	return *text ? words_clean(strdup(text)) : NULL;
}

void checker_end_late(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

double checker_deadline(const struct checker *checker)
{
	double shorter = checker->longest * 50 > 1 ? checker->longest * 50 : 1;

	return checker->was_late && shorter < checker->deadline ? shorter : checker->deadline;
}

/*
 * Sets `spoilt` if the command has changed the image. In this case, also restores the image, and
 * lets the command work on copies from now on.
 */
static int notice_writes(struct checker *checker, bool *spoilt)
{
	bool was_started = !access(checker->mark, F_OK);

	remember_files(checker, spoilt);
	if (!*spoilt && !was_started)
		return STATUS_CLEAN;
	*spoilt = true;
	spawn_from_now_on(checker,
		was_started ? "the check starts programs, or forks while it has the image mapped"
			    : "the check changes the image by other means than a mapping");
	return images_restore(checker->work, checker->run, checker->worker);
}

static int serve(struct checker *checker, int *status, bool *again)
{
	if (server_ask(checker, status))
		return notice_writes(checker, again);
	if (is_stopped)
		return STATUS_CLEAN;
	spawn_from_now_on(
		checker, "the check works only in a newly started process, not in a forked one");
	return spawn_command(checker, status);
}

static void note_time(struct checker *checker, int status, double seconds)
{
	checker->was_late |= status == VERDICT_DEADLINE;
	if (!status && seconds > checker->longest)
		checker->longest = seconds;
}

static int judge_with(struct checker *checker, uint64_t bytes, struct verdict *verdict)
{
	int status = 0, error;
	bool again = false;

	acknowledge(checker, bytes);
	if (ftruncate(checker->said, 0) ||
		(checker->complaints != checker->said && ftruncate(checker->complaints, 0)))
		return complain(STATUS_NOTHING, "%s: %s", checker->work->path, strerror(errno));
	double begin = now();
	error = checker->way.is_spawned ? spawn_command(checker, &status)
					: serve(checker, &status, &again);
	if (error)
		return -error;
	if (again)
		return JUDGE_AGAIN;
	note_time(checker, status, now() - begin);
	if (is_stopped) /* the signal may have ended the command, too: ignore its status */
		status = 0;
	verdict->status = status;
	verdict->words = status ? what_it_said(checker) : NULL;
	if (checker->run->dump && !is_stopped)
		return dump_judge(checker->run->dump, checker->said, verdict);
	return 0;
}

int checker_judge(void *context, struct verdict *verdict)
{
	int error = judge_with(context, verdict->acknowledged, verdict);

	if (error || !verdict->status || verdict->at_most <= verdict->acknowledged)
		return error;
	struct verdict other = *verdict;
	error = judge_with(context, verdict->at_most, &other);
	if (!error && other.status) { /* keep the verdict of the first check */
		free(other.words);
		return 0;
	}
	free(verdict->words);
	verdict->words = NULL;
	verdict->status = 0;
	return error;
}

void checker_forget(struct checker *checker)
{
	bool changed;

	remember_files(checker, &changed);
}

bool checker_enough(void *context)
{
	struct checker *checker = context;

	return is_late(checker->until);
}

struct way checker_way(const struct checker *checker)
{
	return checker->way;
}

int checker_said(const struct checker *checker)
{
	return checker->said;
}

void checker_follow(struct checker *checker, struct way way)
{
	if (way.is_spawned && !checker->way.is_spawned)
		spawn_from_now_on(checker, way.why);
}

static void choose_way(struct checker *checker)
{
	char *path = find_program(checker->words[0]);
	bool changed;

	if (checker->run->trace.has_names)
		spawn_from_now_on(
			checker, "with --watch the names of files differ from image to image");
	else if (!strcmp(checker->words[0], "/bin/sh"))
		spawn_from_now_on(checker, "it is run by a shell");
	else if (!path || is_script_or_static(path))
		spawn_from_now_on(checker, "the check is a script, or loads no libraries");
	else if (!checker->work->is_tmpfs)
		spawn_from_now_on(checker, "the images are not on a tmpfs");
	else if (!server_start(checker))
		spawn_from_now_on(checker,
			"the check works only in a newly started process, not in a forked one");
	else
		remember_files(checker, &changed);
	free(path);
}

void checker_file(const struct checker *checker, const char *name, char *path)
{
	if (checker->worker)
		snprintf(path, PATH_MAX, "%s/%s-%u", checker->work->path, name, checker->worker);
	else
		snprintf(path, PATH_MAX, "%s/%s", checker->work->path, name);
}

int checker_start(struct work *work, struct run *run, const struct options *options,
	unsigned worker, struct checker **result)
{
	struct checker *checker = calloc(1, sizeof(*checker));
	char path[PATH_MAX];

	if (!checker)
		return complain(STATUS_NOTHING, "out of memory");
	*result = checker;
	checker->work = work;
	checker->run = run;
	checker->worker = worker;
	checker->deadline = options->deadline;
	checker->until = options->time > 0 ? now() + options->time : 0;
	checker->orders = checker->answers = -1;
	checker->command = strdup(options->check);
	checker->image = image_name(work, run, "image", worker);
	checker->copy = image_name(work, run, "copy", worker);
	checker_file(checker, "mark", checker->mark);
	checker_file(checker, "acknowledged", checker->acknowledged);
	checker_file(checker, "said", path);
	checker->said = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	checker->complaints = checker->said;
	if (options->is_dump) {
		checker_file(checker, "complaints", path);
		checker->complaints = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	}
	checker->acknowledged_now = UINT64_MAX;
	acknowledge(checker, 0);
	setenv("HOLDFAST_CRASH_OUT", checker->acknowledged, 1);
	/* Make the command treat the image as the storage that the crash model assumes. */
	set_model_variables(options->explore.model);
	wording_split(checker, checker->image);
	if (!checker->words[0])
		return complain(STATUS_USAGE, "the command that checks images is empty");
	char *program = find_program(checker->words[0]);
	if (!program)
		return complain(STATUS_USAGE, "%s: there is no program %s",
			options->is_dump ? "--dump" : "--check", checker->words[0]);
	free(program);
	choose_way(checker);
	return STATUS_CLEAN;
}

void checker_stop(struct checker *checker)
{
	if (!checker)
		return;
	server_end(checker);
	spawn_forget_copies(checker);
	for (unsigned i = 0; checker->words[i]; i++)
		free(checker->words[i]);
	free(checker->command);
	free(checker->image);
	free(checker->copy);
	if (checker->complaints != checker->said)
		close(checker->complaints);
	close(checker->said);
	free(checker);
}
