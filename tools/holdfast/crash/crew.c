/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crew.c - run several checkers in parallel (--jobs)
 *
 * Each worker has a checker and an image of its own. Workers are processes, not threads, because a
 * checker ends all processes that its command has started, and finds them among the children of its
 * process. The explorer (this program's main process) makes the images, and restores images that a
 * checker has changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

struct reply {
	int error, status;
	struct way way;
	bool has_words;
	char words[VERDICT_WORDS];
};

struct worker {
	pid_t pid;
	int orders, replies;
};

struct crew {
	struct work *work;
	struct run *run;
	struct way way;
	double until; /* time of now() at which all checks must end; 0: no limit */
	unsigned count;
	struct worker *workers;
};

/* ---- in a worker process */

static bool send_all(int fd, const void *bytes, size_t size)
{
	/* less than PIPE_BUF bytes: written as a whole or not at all */
	return write(fd, bytes, size) == (ssize_t)size;
}

static _Noreturn void work_on(struct checker *checker, int orders, int replies)
{
	struct verdict verdict;

	while (read(orders, &verdict, sizeof(verdict)) == (ssize_t)sizeof(verdict)) {
		struct reply reply = {.error = checker_judge(checker, &verdict)};
		reply.way = checker_way(checker);
		reply.status = verdict.status;
		reply.has_words = !reply.error && verdict.words;
		if (reply.has_words)
			snprintf(reply.words, sizeof(reply.words), "%s", verdict.words);
		if (!reply.error)
			free(verdict.words);
		if (!send_all(replies, &reply, sizeof(reply)))
			break;
	}
	checker_stop(checker);
	_exit(0);
}

static _Noreturn void become_worker(
	const struct crew *crew, const struct options *options, unsigned number, int *ends)
{
	struct checker *checker = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	set_signals(NULL);
	/* close the pipes of other workers: they see the end of a pipe only if no copy is open */
	for (unsigned i = 0; i < number; i++) {
		close(crew->workers[i].orders);
		close(crew->workers[i].replies);
	}
	close(ends[1]);
	close(ends[2]);
	if (checker_start(crew->work, crew->run, options, number, &checker))
		_exit(1);
	checker_follow(checker, crew->way);
	work_on(checker, ends[0], ends[3]);
}

/* ---- in the explorer's process */

static int start(struct crew *crew, const struct options *options, unsigned number)
{
	struct worker *worker = &crew->workers[number];
	int ends[4];

	if (pipe2(ends, O_CLOEXEC) || pipe2(ends + 2, O_CLOEXEC))
		return complain(STATUS_NOTHING, "pipe: %s", strerror(errno));
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid < 0)
		return complain(STATUS_NOTHING, "fork: %s", strerror(errno));
	if (!worker->pid)
		become_worker(crew, options, number, ends);
	close(ends[0]);
	close(ends[3]);
	worker->orders = ends[1];
	worker->replies = ends[2];
	crew->count++;
	return STATUS_CLEAN;
}

int crew_start(struct work *work, struct run *run, const struct options *options, struct way way,
	double until, struct crew **result)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	int status = images_make_more(work, run, options->jobs - 1);

	*result = crew;
	if (!crew || !(crew->workers = calloc(options->jobs, sizeof(*crew->workers))))
		return complain(STATUS_NOTHING, "out of memory");
	crew->work = work;
	crew->run = run;
	crew->way = way;
	crew->until = until;
	for (unsigned i = 0; i < options->jobs && !status; i++)
		status = start(crew, options, i);
	return status;
}

void crew_stop(struct crew *crew)
{
	if (!crew)
		return;
	for (unsigned i = 0; i < crew->count; i++) {
		close(crew->workers[i].orders);
		close(crew->workers[i].replies);
	}
	for (unsigned i = 0; i < crew->count; i++)
		waitpid(crew->workers[i].pid, NULL, 0);
	free(crew->workers);
	free(crew);
}

int crew_begin(void *context, unsigned worker, const struct verdict *verdict)
{
	const struct crew *crew = context;

	if (send_all(crew->workers[worker].orders, verdict, sizeof(*verdict)))
		return 0;
	return -complain(STATUS_NOTHING, "a checker has ended: %s", strerror(errno));
}

int crew_end(void *context, unsigned number, struct verdict *verdict)
{
	struct crew *crew = context;
	const struct worker *worker = &crew->workers[number];
	struct reply reply;
	ssize_t got;

	while ((got = read(worker->replies, &reply, sizeof(reply))) < 0 && errno == EINTR)
		if (is_stopped)
			kill(worker->pid, SIGTERM);
	if (got != (ssize_t)sizeof(reply))
		return -complain(STATUS_NOTHING, "a checker has ended");
	if (reply.way.is_spawned)
		crew->way = reply.way;
	verdict->status = reply.status;
	verdict->words = reply.has_words ? strdup(reply.words) : NULL;
	if (reply.error != JUDGE_AGAIN)
		return reply.error;
	/*
	 * The worker has restored the image from its own copy of `base`, which is out of date: it
	 * was made when the worker was forked. Restore the image again.
	 */
	int error = images_restore(crew->work, crew->run, number);
	return error ? -error : JUDGE_AGAIN;
}

int crew_judge(void *context, struct verdict *verdict)
{
	int error = crew_begin(context, verdict->worker, verdict);

	return error ? error : crew_end(context, verdict->worker, verdict);
}

bool crew_enough(void *context)
{
	const struct crew *crew = context;

	return is_late(crew->until);
}

struct way crew_way(const struct crew *crew)
{
	return crew->way;
}
