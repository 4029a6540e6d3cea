/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "librpmem/answers.h"
#include "librpmem/clock.h"
#include "librpmem/ssh_stderr.h"
#include "librpmem/ssh.h"
#include "wire/control.h"
#include "wire/frames.h"

#define MONITOR_STACK ((size_t)256 << 10)
#define LAST_WORDS_MS 500 /* time to read the reason after ssh has ended */

/* Time for a target to report the reason of its end after its lanes are lost. */
#define ENDING_MS 1000

/*
 * Locks, in this order: `turn`, held by the caller that has sent a request and waits for the
 * reply; `sending`, held while a whole frame is sent; `lock`, which guards the members after it.
 */
struct channel {
	const char *name;
	struct ssh ssh;
	int timeout_ms;
	int hangup_fd, stop_fd;
	pthread_t monitor;
	struct frames frames; /* only the monitor thread accesses this and the next */
	struct ssh_stderr said;
	char version[16]; /* constant after the greeting, as is `minor` */
	unsigned minor;

	atomic_int error; /* negative errno; set once, after `why` */
	pthread_mutex_t turn, sending, lock;
	pthread_cond_t news; /* signalled when greeted, replied or ended */
	bool greeted;
	bool given_up; /* only the caller accesses it */
	struct channel_counters counters;
	struct answers answers;
	uint32_t last_id;
	char why[ERR_SIZE];
};

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

/* Nobody reads the eventfd, so it stays readable once the channel has ended. */
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

const char *channel_version(const struct channel *channel)
{
	return channel->version;
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

static void raise_event(int fd)
{
	uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));

	(void)written; /* can only fail if it is readable already */
}

void channel_hang_up(struct channel *channel)
{
	raise_event(channel->hangup_fd);
}

/* End the channel with this error, unless it has ended before. Returns the first error. */
static int end_channel(struct channel *channel, int error, const char *sentence)
{
	pthread_mutex_lock(&channel->lock);
	if (!channel_error(channel)) {
		snprintf(channel->why, sizeof(channel->why), "%s: %.900s", channel->name, sentence);
		atomic_store_explicit(&channel->error, error, memory_order_release);
		pthread_cond_broadcast(&channel->news);
		raise_event(channel->hangup_fd);
		log_error("%s", channel->why);
	}
	pthread_mutex_unlock(&channel->lock);
	return channel_error(channel);
}

/* Send all bytes, or end the channel. */
static int send_all(struct channel *channel, const uint8_t *bytes, size_t length)
{
	int64_t deadline = clock_ms() + channel->timeout_ms;

	while (length) {
		ssize_t sent = send(channel->ssh.in, bytes, length, MSG_NOSIGNAL);
		if (sent >= 0) {
			bytes += sent;
			length -= (size_t)sent;
			continue;
		}
		struct pollfd wait[] = {
			{channel->ssh.in, POLLOUT, 0}, {channel->hangup_fd, POLLIN, 0}};
		if (errno == EAGAIN && clock_left(deadline) && !channel_error(channel)) {
			poll(wait, 2, clock_left(deadline));
			continue;
		}
		if (errno == EINTR)
			continue;
		/*
		 * If ssh has ended, the monitor notices it at the same time and reads the reason:
		 * let it report that.
		 */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		return errno == EAGAIN
			       ? end_channel(channel, -ETIMEDOUT,
					 "the control channel does not accept data in time")
			       : end_channel(channel, -ECONNRESET, "the control channel is lost");
	}
	return 0;
}

static int send_frame(struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	uint8_t bytes[CONTROL_HEAD_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));

	control_put_head(&out, head);
	pthread_mutex_lock(&channel->sending);
	int rc = send_all(channel, bytes, sizeof(bytes));
	if (!rc)
		rc = send_all(channel, body, head->length);
	pthread_mutex_unlock(&channel->sending);
	return rc;
}

/* -- the monitor thread, which reads from ssh -- */

static void take_greeting(struct channel *channel, unsigned minor)
{
	pthread_mutex_lock(&channel->lock);
	snprintf(channel->version, sizeof(channel->version), "%d.%u", CONTROL_MAJOR, minor);
	channel->minor = minor;
	channel->greeted = true;
	pthread_cond_broadcast(&channel->news);
	pthread_mutex_unlock(&channel->lock);
}

static int take_ping(struct channel *channel, const struct control_head *head)
{
	const struct control_head pong = {CONTROL_PING | CONTROL_REPLY, head->id, 0};

	if (head->length)
		return err_set(-EPROTO, "malformed ping: it has a body");
	return send_frame(channel, &pong, NULL);
}

static int take_question(struct channel *channel, const struct control_head *head)
{
	const struct control_head answer = {
		CONTROL_COUNTERS | CONTROL_REPLY, head->id, WIRE_COUNTERS_SIZE};
	uint8_t bytes[WIRE_COUNTERS_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct wire_counters counters = {0};

	if (head->length)
		return err_set(-EPROTO, "malformed question for counters: it has a body");
	pthread_mutex_lock(&channel->lock);
	struct channel_counters source = channel->counters;
	pthread_mutex_unlock(&channel->lock);
	if (source.sum)
		source.sum(source.context, &counters);
	counters_put(&out, &counters);
	return send_frame(channel, &answer, bytes);
}

static int take_reply(struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	pthread_mutex_lock(&channel->lock);
	bool awaited = answers_put(&channel->answers, head, body);
	if (awaited)
		pthread_cond_broadcast(&channel->news);
	pthread_mutex_unlock(&channel->lock);
	if (awaited)
		return 0;
	return err_set(-EPROTO, "the target sent an unexpected frame: type %#x, id %u, %u bytes",
		head->type, head->id, head->length);
}

static int take_frame(struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	if (head->type == CONTROL_PING)
		return take_ping(channel, head);
	if (head->type == CONTROL_COUNTERS)
		return take_question(channel, head);
	return take_reply(channel, head, body);
}

/* Read ssh's standard output. Returns 0, or the error that ends the channel. */
static int take_incoming(struct channel *channel)
{
	struct control_head head;
	const uint8_t *body;
	unsigned minor;
	int rc;

	if (!channel->greeted) {
		rc = frames_greeting(&channel->frames, "the command that ssh started", &minor);
		if (rc <= 0)
			return rc;
		take_greeting(channel, minor);
	}
	while ((rc = frames_next(&channel->frames, &head, &body)) > 0) {
		rc = take_frame(channel, &head, body);
		if (rc)
			return rc;
	}
	return rc;
}

/* ssh's standard output has ended: get the reason from its standard error. */
static int last_words(struct channel *channel)
{
	int64_t deadline = clock_ms() + LAST_WORDS_MS;
	struct pollfd wait = {channel->ssh.err, POLLIN, 0};

	while (clock_left(deadline) && poll(&wait, 1, clock_left(deadline)) >= 0)
		if (ssh_stderr_read(&channel->said, channel->ssh.err))
			break;
	if (*channel->said.line)
		return err_set(-ECONNRESET, "%s", channel->said.line);
	return err_set(-ECONNRESET,
		channel->greeted ? "the target is gone" : "ssh has ended without a message");
}

/* Read what ssh has sent. Returns 0, or the error that ends the channel. */
static int read_incoming(struct channel *channel)
{
	size_t size;
	void *room = frames_room(&channel->frames, &size);
	ssize_t got = read(channel->ssh.out, room, size);

	if (got > 0) {
		frames_fill(&channel->frames, (size_t)got);
		return take_incoming(channel);
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return last_words(channel);
}

/* Wait for events and handle them. False when the channel has ended or is being closed. */
static bool monitor_once(struct channel *channel)
{
	struct pollfd wait[] = {{channel->stop_fd, POLLIN, 0}, {channel->ssh.out, POLLIN, 0},
		{channel->ssh.err, POLLIN, 0}};
	/* Do not poll ssh's standard error after it has ended. */
	nfds_t count = channel->said.ended ? 2 : 3;

	if (poll(wait, count, -1) < 0)
		return true;
	if (wait[0].revents)
		return false;
	if (wait[2].revents)
		ssh_stderr_read(&channel->said, channel->ssh.err);
	int rc = wait[1].revents ? read_incoming(channel) : 0;
	if (rc)
		end_channel(channel, rc, err_get());
	return !rc;
}

static void *monitor(void *argument)
{
	struct channel *channel = argument;

	while (monitor_once(channel))
		;
	return NULL;
}

/*
 * The monitor thread blocks all signals, which are for the program's threads, and has a small
 * stack.
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
	error = pthread_create(&channel->monitor, &attributes, monitor, channel);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (!error)
		return 0;
	errno = error;
	return err_sys("%s: cannot start a thread for the control channel", channel->name);
}

/* -- calls of other threads: send a request and wait -- */

static bool was_greeted(const struct channel *channel)
{
	return channel->greeted;
}

static bool was_answered(const struct channel *channel)
{
	return channel->answers.arrived;
}

/*
 * Wait until happened() is true, the channel ends or the deadline passes. The caller holds `lock`.
 */
static int await_news(
	struct channel *channel, bool (*happened)(const struct channel *), const char *step)
{
	int64_t deadline = clock_ms() + channel->timeout_ms;
	const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
	int error = 0;

	while (!happened(channel) && !channel_error(channel) && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&channel->news, &channel->lock, &until);
	if (happened(channel))
		return 0;
	if (channel_error(channel))
		return channel_failure(channel);
	pthread_mutex_unlock(&channel->lock);
	char why[128];
	snprintf(why, sizeof(why), "%s: the target does not answer within %d ms", step,
		channel->timeout_ms);
	end_channel(channel, -ETIMEDOUT, why);
	pthread_mutex_lock(&channel->lock);
	return channel_failure(channel);
}

static int await_greeting(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
	int rc = await_news(channel, was_greeted, "greeting");
	pthread_mutex_unlock(&channel->lock);
	return rc;
}

static int take_result(struct channel *channel, const char *step, struct reader *reply)
{
	struct control_result result;
	int rc = control_get_result(reply, &result);

	if (rc)
		return end_channel(channel, rc, err_get()), channel_failure(channel);
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
	return send_frame(channel, &head, body ? body->bytes : NULL) ? channel_failure(channel) : 0;
}

/* Wait for the oldest reply. *reply is where its status begins. */
static int take(struct channel *channel, const char *step, struct reader *reply)
{
	pthread_mutex_lock(&channel->lock);
	int rc = await_news(channel, was_answered, step);
	if (!rc) {
		const struct answer *answer = answers_take(&channel->answers);
		*reply = reader_on(answer->bytes, answer->length);
	}
	pthread_mutex_unlock(&channel->lock);
	return rc;
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
		rc = take(channel, step, wanted);
	if (!rc)
		rc = take_result(channel, step, wanted);
	/* If the caller does not want fields of the reply, the reply must not have any. */
	if (!rc && !reply && reader_left(&unwanted)) {
		end_channel(channel, -EPROTO, "malformed reply: more than its status");
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
	int rc = take(channel, step, reply);

	return rc ? rc : take_result(channel, step, reply);
}

unsigned channel_unanswered(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
	unsigned count = channel->answers.expected;
	pthread_mutex_unlock(&channel->lock);
	return count;
}

/* -- open and close a channel -- */

static struct channel *channel_new(const char *name, const struct settings *settings)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	pthread_condattr_t monotonic;

	if (!channel)
		return NULL;
	channel->name = name;
	channel->timeout_ms = settings->timeout_ms;
	channel->hangup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	channel->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&channel->turn, NULL);
	pthread_mutex_init(&channel->sending, NULL);
	pthread_mutex_init(&channel->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&channel->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return channel;
}

static void channel_free(struct channel *channel)
{
	pthread_cond_destroy(&channel->news);
	pthread_mutex_destroy(&channel->lock);
	pthread_mutex_destroy(&channel->sending);
	pthread_mutex_destroy(&channel->turn);
	if (channel->hangup_fd >= 0)
		close(channel->hangup_fd);
	if (channel->stop_fd >= 0)
		close(channel->stop_fd);
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
		return err_set(-ENOMEM, "%s: no memory", channel->name);
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

	control_put_greeting(&out);
	pthread_mutex_lock(&channel->sending);
	int rc = send_all(channel, bytes, sizeof(bytes));
	pthread_mutex_unlock(&channel->sending);
	return rc ? channel_failure(channel) : await_greeting(channel);
}

int channel_open(struct channel **opened, const char *name, const struct target *target,
	const struct settings *settings)
{
	struct channel *channel = channel_new(name, settings);
	int rc;

	if (!channel)
		return err_set(-ENOMEM, "%s: no memory", name);
	rc = frames_init(&channel->frames);
	if (rc)
		goto failed;
	if (channel->hangup_fd < 0 || channel->stop_fd < 0) {
		rc = err_set(-EMFILE, "%s: no descriptors left", name);
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

/* Time for ssh to end by itself: unless the channel has failed, all of the target's time limit. */
static int patience(const struct channel *channel)
{
	if (channel->given_up)
		return 0;
	switch (channel_error(channel)) {
	case 0:
		return channel->timeout_ms;
	case -ECONNRESET: /* ssh is ending already */
		return channel->timeout_ms < 1000 ? channel->timeout_ms : 1000;
	default: /* ssh has not noticed the failure: end it at once */
		return 0;
	}
}

void channel_give_up(struct channel *channel)
{
	channel->given_up = true;
}

void channel_abandon(struct channel *channel)
{
	/* Other threads of the parent may have held its locks, so do not touch or destroy them. */
	frames_fini(&channel->frames);
	answers_fini(&channel->answers);
	free(channel);
}

void channel_close(struct channel *channel)
{
	raise_event(channel->stop_fd);
	pthread_join(channel->monitor, NULL);
	ssh_stop(&channel->ssh, patience(channel));
	channel_free(channel);
}
