/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "librpmem/channel_parts.h"
#include "librpmem/clock.h"

#define MONITOR_STACK ((size_t)256 << 10)
/* How long to wait, after lanes are lost, for the target to report why it has ended. */
#define ENDING_MS 1000

int channel_error(const struct channel *channel)
{
	return atomic_load_explicit(&channel->error, memory_order_acquire);
}

int channel_failure(struct channel *channel)
{
	int error = channel_error(channel);

	return error ? err_set(error, "%s", channel->why) : 0;
}

int channel_hangup_fd(const struct channel *channel)
{
	return channel->hangup_fd;
}

/* No thread reads from the eventfd, so it remains readable once the channel has ended. */
bool channel_has_ended(const struct channel *channel)
{
	int64_t deadline =
		clock_ms() + (channel->timeout_ms < ENDING_MS ? channel->timeout_ms : ENDING_MS);
	struct pollfd wait = {channel->hangup_fd, POLLIN, 0};

	while (!channel_error(channel) && clock_left(deadline) &&
		poll(&wait, 1, clock_left(deadline)) < 0)
		;
	return channel_error(channel);
}

unsigned channel_minor(const struct channel *channel)
{
	return channel->minor;
}

void channel_set_counters(struct channel *channel, const struct channel_counters *counters)
{
	pthread_mutex_lock(&channel->lock);
	channel->counters = *counters;
	pthread_mutex_unlock(&channel->lock);
}

const char *channel_version(const struct channel *channel)
{
	return channel->version;
}

void channel_raise(int fd)
{
	uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));

	(void)written; /* a write only fails if the eventfd is readable already */
}

void channel_hang_up(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
	atomic_store(&channel->left, true);
	channel_wake_waiters(channel);
	channel_raise(channel->hangup_fd);
	pthread_mutex_unlock(&channel->lock);
}

int channel_end(struct channel *channel, int error, const char *sentence)
{
	pthread_mutex_lock(&channel->lock);
	if (!channel_error(channel)) {
		snprintf(channel->why, sizeof(channel->why), "%s: %.900s", channel->name, sentence);
		atomic_store_explicit(&channel->error, error, memory_order_release);
		channel_wake_waiters(channel);
		channel_raise(channel->hangup_fd);
		log_error("%s", channel->why);
	}
	pthread_mutex_unlock(&channel->lock);
	return channel_error(channel);
}

/*
 * Start the monitor thread. It has a small stack, and blocks all signals, so that the program's
 * own threads handle them.
 */
static int start_monitor(struct channel *channel)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);

	if (error)
		return err_set(
			-error, "%s: cannot start a thread for the control channel", channel->name);
	pthread_attr_setstacksize(&attributes, MONITOR_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&channel->monitor, &attributes, channel_monitor, channel);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (!error)
		return 0;
	errno = error;
	return err_sys("%s: cannot start a thread for the control channel", channel->name);
}

/* -- calls of the program's threads: send a request, and wait for the reply -- */

static bool was_greeted(void *channel)
{
	return ((const struct channel *)channel)->greeted;
}

static bool was_answered(void *channel)
{
	return ((const struct channel *)channel)->answers.arrived;
}

/* Wait until happened() returns true. If the time limit passes, end the channel. */
static int await_step(struct channel *channel, bool (*happened)(void *channel), const char *step)
{
	int rc = channel_await(channel, happened, channel);

	if (rc != -ETIMEDOUT)
		return rc;
	char why[128];
	snprintf(why, sizeof(why), "%s: the target does not answer within %d ms", step,
		channel->timeout_ms);
	channel_end(channel, -ETIMEDOUT, why);
	return channel_failure(channel);
}

static int take_result(struct channel *channel, const char *step, struct reader *reply)
{
	struct control_result result;
	int rc = control_get_result(reply, &result);

	if (rc)
		return channel_end(channel, rc, err_get()), channel_failure(channel);
	if (result.status == WIRE_OK)
		return 0;
	return err_set(-wire_status_errno(result.status), "%s: %s: %s", channel->name, step,
		*result.message ? result.message : wire_status_text(result.status));
}

static int ask(struct channel *channel, uint32_t type, const struct writer *body, size_t limit)
{
	char cause[ERR_SIZE / 2];

	pthread_mutex_lock(&channel->lock);
	const struct control_head head = {
		type, ++channel->last_id, body ? (uint32_t)writer_length(body) : 0};
	int rc = answers_expect(&channel->answers, &head, limit);
	pthread_mutex_unlock(&channel->lock);
	if (rc) {
		snprintf(cause, sizeof(cause), "%s", err_get());
		return err_set(rc, "%s: %s", channel->name, cause);
	}
	struct iovec parts[2] = {{NULL, 0}, {body ? body->bytes : NULL, head.length}};
	return channel_send_frame(channel, &head, parts, 2) < 0 ? channel_failure(channel) : 0;
}

/* Wait for the oldest reply. Sets *reply to the beginning of its status. */
static int take_oldest(struct channel *channel, const char *step, struct reader *reply)
{
	int rc = await_step(channel, was_answered, step);

	if (rc)
		return rc;
	pthread_mutex_lock(&channel->lock);
	const struct answer *answer = answers_take(&channel->answers);
	*reply = reader_on(answer->bytes, answer->length);
	pthread_mutex_unlock(&channel->lock);
	return 0;
}

int channel_call(struct channel *channel, uint32_t type, const struct writer *body,
	const char *step, struct reader *reply)
{
	struct reader unwanted, *wanted = reply ? reply : &unwanted;

	pthread_mutex_lock(&channel->turn);
	int rc = channel_failure(channel);
	if (!rc)
		rc = ask(channel, type, body, CONTROL_BODY_MAX);
	if (!rc)
		rc = take_oldest(channel, step, wanted);
	if (!rc)
		rc = take_result(channel, step, wanted);
	/* If the caller does not expect any fields in the reply, the reply must not have any. */
	if (!rc && !reply && reader_left(&unwanted)) {
		channel_end(channel, -EPROTO, "malformed reply: unexpected bytes after its status");
		rc = channel_failure(channel);
	}
	pthread_mutex_unlock(&channel->turn);
	return rc;
}

int channel_ask(struct channel *channel, uint32_t type, const struct writer *body, size_t length)
{
	size_t refusal = CONTROL_RESULT_SIZE + CONTROL_MESSAGE_MAX;
	int rc = channel_failure(channel);

	length += CONTROL_RESULT_SIZE;
	return rc ? rc : ask(channel, type, body, length > refusal ? length : refusal);
}

int channel_answer(struct channel *channel, const char *step, struct reader *reply)
{
	int rc = take_oldest(channel, step, reply);

	return rc ? rc : take_result(channel, step, reply);
}

unsigned channel_unanswered(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
	unsigned count = channel->answers.expected;
	pthread_mutex_unlock(&channel->lock);
	return count;
}

/* -- the functions of struct stream_pipe, by which lanes use the channel as their stream -- */

static int pipe_check(void *context)
{
	return channel_failure(context);
}

static int pipe_send(void *context, unsigned lane, const struct iovec *parts, unsigned count)
{
	struct channel *channel = context;
	struct iovec all[3];
	size_t length = 0;

	for (unsigned i = 0; i < count; i++) {
		length += parts[i].iov_len;
		all[i + 1] = parts[i];
	}
	const struct control_head head = {CONTROL_MESSAGE, lane, (uint32_t)length};
	int sent = channel_send_frame(channel, &head, all, count + 1);
	return sent < 0 ? channel_failure(channel) : sent;
}

/* A thread's wait for something on a lane. channel_hang_up() ends it early. */
struct lane_wait {
	struct channel *channel;
	bool (*done)(void *argument);
	void *argument;
	bool there;
};

static bool is_there_or_left(void *argument)
{
	struct lane_wait *wait = argument;

	wait->there = wait->done(wait->argument);
	return wait->there || atomic_load(&wait->channel->left);
}

static int pipe_wait(void *context, bool (*done)(void *argument), void *argument)
{
	struct channel *channel = context;
	struct lane_wait wait = {channel, done, argument, false};
	int rc = channel_await(channel, is_there_or_left, &wait);

	if (rc || wait.there)
		return rc;
	return err_set(-ECONNRESET, "%s: the target is gone", channel->name);
}

static int pipe_end(void *context, int code)
{
	channel_end(context, code, err_get());
	return channel_failure(context);
}

static void pipe_attach(void *context,
	const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length),
	void *client)
{
	struct channel *channel = context;

	pthread_mutex_lock(&channel->lock);
	channel->take = take;
	channel->client = client;
	pthread_mutex_unlock(&channel->lock);
}

struct stream_pipe channel_pipe(struct channel *channel)
{
	return (struct stream_pipe){.check = pipe_check,
		.send = pipe_send,
		.wait = pipe_wait,
		.end = pipe_end,
		.attach = pipe_attach,
		.context = channel};
}

/* -- opening and closing a channel -- */

static struct channel *channel_new(const char *name, const struct settings *settings)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return NULL;
	channel->name = name;
	channel->timeout_ms = settings->timeout_ms;
	channel->hangup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	channel->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	channel->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&channel->turn, NULL);
	pthread_mutex_init(&channel->sending, NULL);
	pthread_mutex_init(&channel->lock, NULL);
	return channel;
}

static void channel_free(struct channel *channel)
{
	pthread_mutex_destroy(&channel->lock);
	pthread_mutex_destroy(&channel->sending);
	pthread_mutex_destroy(&channel->turn);
	if (channel->hangup_fd >= 0)
		close(channel->hangup_fd);
	if (channel->stop_fd >= 0)
		close(channel->stop_fd);
	if (channel->wake_fd >= 0)
		close(channel->wake_fd);
	frames_fini(&channel->frames);
	answers_fini(&channel->answers);
	free(channel);
}

static int start_ssh(
	struct channel *channel, const struct target *target, const struct settings *settings)
{
	char *command = settings_next_command();
	char cause[ERR_SIZE];

	if (!command)
		return err_set(-ENOMEM, "%s: out of memory", channel->name);
	int rc = ssh_start(&channel->ssh, settings->ssh, target, command);
	free(command);
	if (!rc)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(rc, "%s: %.900s", channel->name, cause);
}

static int greet(struct channel *channel)
{
	uint8_t bytes[CONTROL_GREETING_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));

	struct iovec part = {bytes, sizeof(bytes)};

	control_put_greeting(&out);
	pthread_mutex_lock(&channel->sending);
	int rc = channel_send_all(channel, &part, 1);
	pthread_mutex_unlock(&channel->sending);
	return rc < 0 ? channel_failure(channel) : await_step(channel, was_greeted, "greeting");
}

int channel_open(struct channel **opened, const char *name, const struct target *target,
	const struct settings *settings)
{
	struct channel *channel = channel_new(name, settings);
	int rc;

	if (!channel)
		return err_set(-ENOMEM, "%s: out of memory", name);
	rc = frames_init(&channel->frames);
	if (rc)
		goto failed;
	if (channel->hangup_fd < 0 || channel->stop_fd < 0 || channel->wake_fd < 0) {
		rc = err_set(-EMFILE, "%s: no file descriptors are left", name);
		goto failed;
	}
	rc = start_ssh(channel, target, settings);
	if (rc)
		goto failed;
	rc = start_monitor(channel);
	if (rc) {
		ssh_stop(&channel->ssh, 0);
		goto failed;
	}
	rc = greet(channel);
	if (rc) {
		channel_close(channel);
		return rc;
	}
	*opened = channel;
	return 0;
failed:
	channel_free(channel);
	return rc;
}

/*
 * Returns how long to wait for ssh to end by itself: for the target's whole time limit, unless the
 * channel has failed.
 */
static int patience(const struct channel *channel)
{
	if (channel->given_up)
		return 0;
	switch (channel_error(channel)) {
	case 0:
		return channel->timeout_ms;
	case -ECONNRESET: /* the connection is lost, so ssh is ending by itself */
		return channel->timeout_ms < 1000 ? channel->timeout_ms : 1000;
	default: /* ssh does not know of the failure, so end it at once */
		return 0;
	}
}

void channel_give_up(struct channel *channel)
{
	channel->given_up = true;
}

void channel_abandon(struct channel *channel)
{
	/*
	 * Threads of the parent process may have held the channel's locks, so do not use or
	 * destroy these in the child.
	 */
	frames_fini(&channel->frames);
	answers_fini(&channel->answers);
	free(channel);
}

void channel_stop(struct channel *channel)
{
	if (channel->stopped)
		return;
	channel_raise(channel->stop_fd);
	pthread_join(channel->monitor, NULL);
	ssh_stop(&channel->ssh, patience(channel));
	channel->stopped = true;
}

bool channel_is_stopped(const struct channel *channel)
{
	return channel->stopped;
}

void channel_close(struct channel *channel)
{
	channel_stop(channel);
	channel_free(channel);
}
