/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checker.c - have images checked by the user's command
 *
 * The command is started once and forked for each image (src/libholdfast-trace/serve.c), unless
 * it is a script, needs a shell, cannot load that library, writes the image other than through a
 * map, or starts programs of its own. In these cases it is started for each image, on a copy.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holdfast/tool.h"
#include "base/unmap.h"
#include "command.h"

#define WORDS         64
#define START_SECONDS 30  /* time for the command to reach main() */
#define WAIT_SECONDS  0.2 /* longest single wait for an answer */
#define QUOTED        200 /* maximum number of bytes quoted of the command's output */

struct file_state {
	struct timespec changed;
	off_t size;
};

struct checker {
	struct work *work;
	struct run *run;
	unsigned worker;        /* number of the worker whose image it checks */
	double deadline, until; /* seconds for a check; time when all checks end; 0: no limit */
	enum model model;
	char *command;      /* the user's command, with {} for the image */
	char *words[WORDS]; /* words of the command, or a shell and the whole command */
	struct way way;
	char *image, *copy; /* names for {}: for a forked command, for a started one */
	pid_t server;
	int orders, answers, said;
	int complaints; /* descriptor of its standard error, if separate from `said` */
	char mark[PATH_MAX], acknowledged[PATH_MAX];
	uint64_t acknowledged_now;
	struct file_state states[EVENT_FILES];
	double longest; /* longest time that a good image took, in seconds */
	bool was_late;
};

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

/* ---- the command line */

static char *with_image(const char *text, const char *image)
{
	struct collected result;
	FILE *to = collect_begin(&result);

	for (; *text; text++)
		if (text[0] == '{' && text[1] == '}') {
			fputs(image, to);
			text++;
		} else {
			fputc(*text, to);
		}
	return collect_end(&result);
}

/* Reads the next word of the command and removes its quotes; NULL at the end. */
static char *next_word(const char **at)
{
	char *word = must_make(strlen(*at) + 1, 1), *to = word, quote = 0;

	while (isspace((unsigned char)**at))
		++*at;
	bool is_end = !**at;
	for (; **at && (quote || !isspace((unsigned char)**at)); ++*at)
		if (quote ? **at == quote : **at == '\'' || **at == '"')
			quote = quote ? 0 : **at;
		else
			*to++ = **at;
	*to = '\0';
	if (is_end) {
		free(word);
		return NULL;
	}
	return word;
}

static void split(struct checker *checker, const char *image)
{
	const char *at = checker->command;
	unsigned count = 0;
	char *word;

	for (unsigned i = 0; checker->words[i]; i++)
		free(checker->words[i]);
	memset(checker->words, 0, sizeof(checker->words));
	if (strpbrk(at, "|&;<>()$`\\*?[]~")) {
		checker->words[0] = must_copy("/bin/sh");
		checker->words[1] = must_copy("-c");
		checker->words[2] = with_image(at, image);
		return;
	}
	while (count < WORDS - 1 && (word = next_word(&at))) {
		checker->words[count++] = with_image(word, image);
		free(word);
	}
}

/* ---- copies of the image, for commands that are started for each one */

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

/* ---- starting the command */

static void redirect(const struct checker *checker)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(checker->said, STDOUT_FILENO);
	dup2(checker->complaints, STDERR_FILENO);
	setenv("HOLDFAST_CRASH_OUT", checker->acknowledged, 1);
	/* On any storage, the command sees the image as the storage of this model. */
	set_model_variables(checker->model);
}

static _Noreturn void become(const struct checker *checker)
{
	execvp(checker->words[0], checker->words);
	dprintf(STDERR_FILENO, "%s: %s\n", checker->words[0], strerror(errno));
	_exit(127);
}

static _Noreturn void become_server(const struct checker *checker, int orders, int answers)
{
	char value[PATH_MAX * 2], images[PATH_MAX];
	const char *loaded = getenv("LD_PRELOAD");

	redirect(checker);
	snprintf(value, sizeof(value), "%s%s%s", module_path(checker->work, "check"),
		loaded ? ":" : "", loaded ? loaded : "");
	setenv("LD_PRELOAD", value, 1);
	snprintf(images, sizeof(images), checker->worker ? "%s/image-%u/" : "%s/image/",
		checker->work->path, checker->worker);
	setenv("HOLDFAST_CRASH_IMAGES", images, 1);
	setenv("HOLDFAST_CRASH_MARK", checker->mark, 1);
	snprintf(value, sizeof(value), "%d", orders);
	setenv("HOLDFAST_CRASH_ORDERS", value, 1);
	snprintf(value, sizeof(value), "%d", answers);
	setenv("HOLDFAST_CRASH_ANSWERS", value, 1);
	fcntl(orders, F_SETFD, 0);
	fcntl(answers, F_SETFD, 0);
	become(checker);
}

/*
 * False: no number came in time, the other end is closed, or a signal asked this program to stop.
 */
static bool read_number(struct checker *checker, int *number, double seconds)
{
	struct pollfd poll_ = {.fd = checker->answers, .events = POLLIN};
	double until = now() + seconds, left = seconds;
	int ready;

	/* in short waits, because a signal may come just before one of them */
	do {
		bool is_short = seconds > 0 && left < WAIT_SECONDS;
		ready = poll(&poll_, 1, (int)(1000 * (is_short ? left : WAIT_SECONDS)) + 1);
		left = until - now();
	} while (ready != 1 && !is_stopped && (seconds <= 0 || left > 0));
	return ready == 1 &&
	       read(checker->answers, number, sizeof(*number)) == (ssize_t)sizeof(*number);
}

static void end_server(struct checker *checker)
{
	if (checker->orders >= 0)
		close(checker->orders);
	if (checker->answers >= 0)
		close(checker->answers);
	checker->orders = checker->answers = -1;
	if (checker->server > 0) {
		kill(checker->server, SIGKILL);
		waitpid(checker->server, NULL, 0);
	}
	checker->server = 0;
	end_children();
}

static bool start_server(struct checker *checker)
{
	int orders[2], answers[2], ready;

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		return false;
	fflush(NULL);
	checker->server = fork();
	if (!checker->server)
		become_server(checker, orders[0], answers[1]);
	close(orders[0]);
	close(answers[1]);
	checker->orders = orders[1];
	checker->answers = answers[0];
	if (checker->server > 0 && read_number(checker, &ready, START_SECONDS))
		return true;
	end_server(checker);
	return false;
}

static int spawn_from_now_on(struct checker *checker, const char *why)
{
	end_server(checker);
	checker->way = (struct way){true, why};
	split(checker, checker->copy);
	return STATUS_CLEAN;
}

/* ---- one image */

static void remember_files(struct checker *checker, bool *changed)
{
	char path[PATH_MAX];
	struct stat stat_;

	*changed = false;
	for (unsigned i = 1; i <= checker->run->trace.file_count; i++) {
		struct file_state *state = &checker->states[i - 1];
		snprintf(path, sizeof(path), "%s", checker->image);
		if (checker->run->trace.file_count > 1)
			snprintf(path, sizeof(path), "%s/%s", checker->image,
				file_base_name(&checker->run->trace, i));
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

	if (bytes > trace->output_size) /* the trace does not come from this program */
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

/* Replaces the image's name by {}, because the name differs for each run and each worker. */
static void hide_name(char *text, const char *name)
{
	char *found = strstr(text, name);

	if (!found)
		return;
	memcpy(found, "{}", 2);
	memmove(found + 2, found + strlen(name), strlen(found + strlen(name)) + 1);
}

/* The first line that the command printed, without control characters. */
static char *what_it_said(const struct checker *checker)
{
	char text[QUOTED + 1];
	ssize_t length = pread(checker->complaints, text, QUOTED, 0);

	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	hide_name(text, checker->way.is_spawned ? checker->copy : checker->image);
	return *text ? words_clean(strdup(text)) : NULL;
}

static void end_late(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

/*
 * Seconds that a check may take. After one check has used up its whole deadline, the following
 * ones get less: 50 times as long as the slowest good image, but at least one second.
 */
static double deadline_of(const struct checker *checker)
{
	double shorter = checker->longest * 50 > 1 ? checker->longest * 50 : 1;

	return checker->was_late && shorter < checker->deadline ? shorter : checker->deadline;
}

/* Lets the server fork a checker, and reads its status. False: the server has ended. */
static bool ask_server(struct checker *checker, int *status)
{
	int pid, late;

	if (write(checker->orders, "g", 1) != 1 || !read_number(checker, &pid, START_SECONDS))
		return false;
	if (read_number(checker, status, deadline_of(checker)))
		return true;
	end_late(pid);
	*status = VERDICT_DEADLINE;
	return read_number(checker, &late, START_SECONDS);
}

static int wait_spawned(struct checker *checker, pid_t pid)
{
	double until = checker->deadline > 0 ? now() + deadline_of(checker) : 0;
	int status;

	for (unsigned rests = 0; waitpid(pid, &status, WNOHANG) != pid; rests++) {
		if ((until > 0 && now() > until) || is_stopped) {
			end_late(pid);
			waitpid(pid, &status, 0);
			return VERDICT_DEADLINE;
		}
		usleep(rests < 100 ? 20 : 500);
	}
	return status;
}

static int spawn(struct checker *checker, int *status)
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
		redirect(checker);
		become(checker);
	}
	setpgid(pid, pid);
	*status = wait_spawned(checker, pid);
	kill(-pid, SIGKILL);
	end_children();
	return STATUS_CLEAN;
}

/*
 * Finds out if the checker changed the image, and sets `spoilt`. If so, restores the image and
 * uses copies from now on.
 */
static int notice_writes(struct checker *checker, bool *spoilt)
{
	bool was_started = !access(checker->mark, F_OK);

	remember_files(checker, spoilt);
	if (!*spoilt && !was_started)
		return STATUS_CLEAN;
	*spoilt = true;
	spawn_from_now_on(checker, was_started
					   ? "it starts programs, or forks with the image mapped"
					   : "it writes the image other than through a map");
	return images_restore(checker->work, checker->run, checker->worker);
}

static int serve(struct checker *checker, int *status, bool *again)
{
	if (ask_server(checker, status))
		return notice_writes(checker, again);
	if (is_stopped)
		return STATUS_CLEAN;
	spawn_from_now_on(checker, "it fails when it is forked");
	return spawn(checker, status);
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
	if (ftruncate(checker->said, 0) || ftruncate(checker->complaints, 0))
		return complain(STATUS_NOTHING, "%s: %s", checker->work->path, strerror(errno));
	double begin = now();
	error = checker->way.is_spawned ? spawn(checker, &status) : serve(checker, &status, &again);
	if (error)
		return -error;
	if (again)
		return JUDGE_AGAIN;
	note_time(checker, status, now() - begin);
	if (is_stopped) /* output of a command that the signal may have ended is not a verdict */
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
	if (!error && other.status) { /* the first verdict is enough */
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
	char *path = checker->words[0] ? find_program(checker->words[0]) : NULL;
	bool changed;

	if (checker->run->trace.has_names)
		spawn_from_now_on(checker, "with --watch each image has its own file names");
	else if (!strcmp(checker->words[0], "/bin/sh"))
		spawn_from_now_on(checker, "it is run by a shell");
	else if (!path || is_script_or_static(path))
		spawn_from_now_on(checker, "it is a script, or loads nothing");
	else if (!checker->work->is_tmpfs)
		spawn_from_now_on(checker, "the images are not in main memory");
	else if (!start_server(checker))
		spawn_from_now_on(checker, "it fails when it is forked");
	else
		remember_files(checker, &changed);
	free(path);
}

/* Makes the path of a file that this worker has in the directory of the run. */
static void name_file(const struct checker *checker, const char *name, char *path)
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
		return complain(STATUS_NOTHING, "no memory");
	*result = checker;
	checker->work = work;
	checker->run = run;
	checker->worker = worker;
	checker->model = options->explore.model;
	checker->deadline = options->deadline;
	checker->until = options->time > 0 ? now() + options->time : 0;
	checker->orders = checker->answers = -1;
	checker->command = strdup(options->check);
	checker->image = image_name(work, run, "image", worker);
	checker->copy = image_name(work, run, "copy", worker);
	name_file(checker, "mark", checker->mark);
	name_file(checker, "acknowledged", checker->acknowledged);
	name_file(checker, "said", path);
	checker->said = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	checker->complaints = checker->said;
	if (options->is_dump) {
		name_file(checker, "complaints", path);
		checker->complaints = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	}
	checker->acknowledged_now = UINT64_MAX;
	acknowledge(checker, 0);
	split(checker, checker->image);
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
	end_server(checker);
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
