/* SPDX-License-Identifier: BSD-3-Clause */
#include "jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"

/* The length of the longest reply without its status, in bytes. The longest reply has hashes. */
#define REPLY_MAX (COMPARE_HASHES_MAX * HASH_SIZE)

struct job {
	struct control_head head;
	uint8_t body[JOBS_BODY_MAX];
};

/*
 * In struct jobs, `lock` guards the members that follow it. A struct jobs has two struct reply, so
 * that the thread can execute the next job before the reply of the previous one is taken.
 */
struct reply {
	struct control_head head;
	int result;
	size_t length;
	uint8_t bytes[REPLY_MAX];
	char message[CONTROL_MESSAGE_MAX + 1];
};

struct jobs {
	jobs_work *work;
	void *context;
	pthread_t thread;
	int fd;
	unsigned pending; /* used only by the session's thread, without `lock` */

	pthread_mutex_t lock;
	pthread_cond_t news; /* for the thread */
	bool ending;
	struct job waiting[JOBS_MAX];
	unsigned first, count;
	struct reply *replies; /* two */
	unsigned first_reply, finished;
};

static void raise_event(int fd)
{
	uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));

	(void)written; /* a failure is harmless: then the descriptor is readable already */
}

/* Wait for a job, and for a free struct reply. Returns false if the thread shall end. */
static bool next(struct jobs *jobs, struct job *job, struct reply **reply)
{
	pthread_mutex_lock(&jobs->lock);
	while (!jobs->ending && (!jobs->count || jobs->finished == 2))
		pthread_cond_wait(&jobs->news, &jobs->lock);
	bool goes_on = !jobs->ending;
	if (goes_on) {
		*job = jobs->waiting[jobs->first];
		jobs->first = (jobs->first + 1) % JOBS_MAX;
		jobs->count--;
		*reply = &jobs->replies[(jobs->first_reply + jobs->finished) % 2];
	}
	pthread_mutex_unlock(&jobs->lock);
	return goes_on;
}

static void execute(struct jobs *jobs, const struct job *job, struct reply *reply)
{
	struct writer out = writer_on(reply->bytes, sizeof(reply->bytes));

	reply->head = job->head;
	reply->result = jobs->work(jobs->context, &job->head, job->body, &out);
	if (!reply->result && out.bad)
		reply->result = err_set(-EMSGSIZE, "the reply is too long");
	reply->length = reply->result ? 0 : writer_length(&out);
	if (reply->result)
		snprintf(reply->message, sizeof(reply->message), "%.512s", err_get());
}

static void *run(void *argument)
{
	struct jobs *jobs = argument;
	struct reply *reply;
	struct job job;

	while (next(jobs, &job, &reply)) {
		execute(jobs, &job, reply);
		pthread_mutex_lock(&jobs->lock);
		jobs->finished++;
		pthread_mutex_unlock(&jobs->lock);
		raise_event(jobs->fd);
	}
	return NULL;
}

static int start(struct jobs *jobs)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&jobs->thread, NULL, run, jobs);
	int rc = errno ? err_sys("cannot start a thread") : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void free_jobs(struct jobs *jobs)
{
	if (jobs->fd >= 0)
		close(jobs->fd);
	pthread_cond_destroy(&jobs->news);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs->replies);
	free(jobs);
}

int jobs_open(struct jobs **opened, jobs_work *work, void *context)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (!jobs)
		return err_set(-ENOMEM, "out of memory for requests");
	jobs->work = work;
	jobs->context = context;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->news, NULL);
	jobs->replies = calloc(2, sizeof(*jobs->replies));
	jobs->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = 0;
	if (!jobs->replies)
		rc = err_set(-ENOMEM, "out of memory for replies");
	else if (jobs->fd < 0)
		rc = err_sys("cannot make a descriptor for replies");
	else
		rc = start(jobs);
	if (rc)
		free_jobs(jobs);
	else
		*opened = jobs;
	return rc;
}

void jobs_close(struct jobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->ending = true;
	pthread_cond_signal(&jobs->news);
	pthread_mutex_unlock(&jobs->lock);
	pthread_join(jobs->thread, NULL);
	free_jobs(jobs);
}

int jobs_add(struct jobs *jobs, const struct control_head *head, const uint8_t *body)
{
	if (jobs->pending == JOBS_MAX)
		return err_set(-EPROTO, "more than %u unanswered requests", JOBS_MAX);
	if (head->length > JOBS_BODY_MAX)
		return err_set(-EPROTO, "malformed request: it is too long");
	pthread_mutex_lock(&jobs->lock);
	struct job *job = &jobs->waiting[(jobs->first + jobs->count++) % JOBS_MAX];
	job->head = *head;
	if (head->length)
		memcpy(job->body, body, head->length);
	pthread_cond_signal(&jobs->news);
	pthread_mutex_unlock(&jobs->lock);
	jobs->pending++;
	return 0;
}

bool jobs_pending(const struct jobs *jobs)
{
	return jobs->pending;
}

int jobs_fd(const struct jobs *jobs)
{
	return jobs->fd;
}

/*
 * Copy a finished reply. The lock is not needed, because the thread does not touch a finished reply
 * before jobs_take() has taken it.
 */
static void copy_out(
	const struct reply *reply, struct control_head *head, int *result, struct writer *out)
{
	*head = reply->head;
	*result = reply->result;
	if (reply->result)
		err_put_back(reply->message);
	else
		put_bytes(out, reply->bytes, reply->length);
}

bool jobs_take(struct jobs *jobs, struct control_head *head, int *result, struct writer *out)
{
	uint64_t events;
	ssize_t got = read(jobs->fd, &events, sizeof(events));

	(void)got; /* a failure is harmless: the descriptor was not readable */
	pthread_mutex_lock(&jobs->lock);
	bool is_finished = jobs->finished;
	pthread_mutex_unlock(&jobs->lock);
	if (!is_finished)
		return false;
	copy_out(&jobs->replies[jobs->first_reply], head, result, out);
	pthread_mutex_lock(&jobs->lock);
	jobs->first_reply = !jobs->first_reply;
	jobs->finished--;
	pthread_cond_signal(&jobs->news);
	pthread_mutex_unlock(&jobs->lock);
	jobs->pending--;
	return true;
}
