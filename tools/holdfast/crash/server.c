/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.c - start the command that checks images once, and fork it for each image
 *
 * src/libholdfast-trace/serve.c is loaded into the command, and calls fork() there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checker.h"
#include "trace/serve.h"

#define START_SECONDS 30  /* time for the command to reach main() */
#define WAIT_SECONDS  0.2 /* longest time to wait for an answer before looking for signals */

static _Noreturn void become_server(const struct checker *checker, int orders, int answers)
{
	char value[PATH_MAX * 2], images[PATH_MAX];
	const char *loaded = getenv("LD_PRELOAD");

	checker_redirect(checker);
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
	/* resolve symbols before the forks, and not in each child */
	setenv("LD_BIND_NOW", "1", 1);
	fcntl(orders, F_SETFD, 0);
	fcntl(answers, F_SETFD, 0);
	checker_become(checker);
}

/*
 * Reads a number from the server. Returns false if none came in time, if the server has closed the
 * pipe, or if a signal asked this program to stop.
 */
static bool read_number(struct checker *checker, int *number, double seconds)
{
	struct pollfd poll_ = {.fd = checker->answers, .events = POLLIN};
	double until = now() + seconds, left = seconds;
	int ready;

	/*
	 * wait only for short times, because poll() does not end for a signal that came just before
	 */
	do {
		bool is_short = seconds > 0 && left < WAIT_SECONDS;
		ready = poll(&poll_, 1, (int)(1000 * (is_short ? left : WAIT_SECONDS)) + 1);
		left = until - now();
	} while (ready != 1 && !is_stopped && (seconds <= 0 || left > 0));
	return ready == 1 &&
	       read(checker->answers, number, sizeof(*number)) == (ssize_t)sizeof(*number);
}

void server_end(struct checker *checker)
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

/*
 * Renames the image's directory, to hide it from the command until the command is forked for an
 * image (see serve.c), or to show it again.
 */
static bool hide_image(const struct checker *checker, bool is_hidden)
{
	char shown[PATH_MAX], hidden[PATH_MAX];

	checker_file(checker, "image", shown);
	checker_file(checker, "hidden", hidden);
	return !(is_hidden ? rename(shown, hidden) : rename(hidden, shown));
}

static const char *why_not_ready(int place)
{
	if (place == FORK_NEVER_READY)
		return "the check, run without an image, ended before it called holdfast_crash_ready()";
	return place == FORK_NOT_ALONE
		       ? "the check called holdfast_crash_ready() after it had started threads or processes"
		       : NULL;
}

/*
 * Waits until the command has reached the place where it will be forked. Returns false if it did
 * not.
 */
static bool is_started(struct checker *checker)
{
	int place = FORK_AT_MAIN;
	bool is_good = checker->server > 0 && read_number(checker, &place, START_SECONDS) &&
		       read_number(checker, &checker->forker, START_SECONDS);

	checker->way.why = why_not_ready(place);
	return hide_image(checker, false) && is_good;
}

bool server_start(struct checker *checker)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC) || !hide_image(checker, true))
		return false;
	fflush(NULL);
	checker->server = fork();
	if (!checker->server)
		become_server(checker, orders[0], answers[1]);
	close(orders[0]);
	close(answers[1]);
	checker->orders = orders[1];
	checker->answers = answers[0];
	if (is_started(checker))
		return true;
	server_end(checker);
	return false;
}

/* Ends the running check, which is the only child of the process `forker`. */
static void end_forked(pid_t forker)
{
	char path[64], list[4096];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", forker, forker);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
	if (fd >= 0)
		close(fd);
	list[length > 0 ? length : 0] = '\0';
	for (char *at = list, *end; *at; at = end) {
		long pid = strtol(at, &end, 10);
		if (pid <= 0 || end == at)
			return;
		checker_end_late((pid_t)pid);
	}
}

/*
 * Ends a check that takes too long. Tries again until the server reports the end, because at first
 * the check may not be forked yet.
 */
static bool end_late(struct checker *checker)
{
	double until = now() + START_SECONDS;
	int status;

	do {
		end_forked(checker->forker);
		if (read_number(checker, &status, WAIT_SECONDS / 2))
			return true;
	} while (!is_late(until));
	return false;
}

bool server_ask(struct checker *checker, int *status)
{
	if (write(checker->orders, "g", 1) != 1)
		return false;
	if (read_number(checker, status, checker_deadline(checker)))
		return true;
	*status = VERDICT_DEADLINE;
	return end_late(checker);
}
