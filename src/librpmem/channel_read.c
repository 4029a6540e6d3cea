/* SPDX-License-Identifier: BSD-3-Clause */
/* channel_read.c - read from the control channel, in a caller or in the monitor thread */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "librpmem/channel_parts.h"
#include "librpmem/clock.h"

#define LAST_WORDS_MS 500 /* time limit to read from standard error why ssh has ended */
/*
 * While program threads wait for replies, one of them reads the channel, and the monitor thread
 * wakes up only once in this time, in ms, to see if a program thread still reads. So a reply does
 * not wake up the monitor, too.
 */
#define MONITOR_REST_MS 20

void channel_wake_waiters(struct channel *channel)
{
	bool ended = channel_error(channel);

	for (struct waiter *each = channel->waiters; each; each = each->next)
		if (ended || each->done(each->argument))
			pthread_cond_signal(&each->news);
}

/*
 * Wake one of the waiting threads to become the reader, unless a thread is reading already. The
 * caller holds `lock`.
 */
static void wake_reader(struct channel *channel)
{
	if (channel->waiters && !channel->reading)
		pthread_cond_signal(&channel->waiters->news);
}

/* -- functions of the thread that reads the channel -- */

static void take_greeting(struct channel *channel, unsigned minor)
{
	pthread_mutex_lock(&channel->lock);
	snprintf(channel->version, sizeof(channel->version), "%d.%u", CONTROL_MAJOR, minor);
	channel->minor = minor;
	channel->greeted = true;
	pthread_mutex_unlock(&channel->lock);
}

static int take_ping(struct channel *channel, const struct control_head *head)
{
	if (head->length)
		return err_set(-EPROTO, "malformed ping: it has a body");
	atomic_store(&channel->ping_id, head->id);
	atomic_store(&channel->ping_due, true);
	channel_respond(channel);
	return 0;
}

static int take_question(struct channel *channel, const struct control_head *head)
{
	if (head->length)
		return err_set(-EPROTO, "malformed request for counters: it has a body");
	atomic_store(&channel->counters_id, head->id);
	atomic_store(&channel->counters_due, true);
	channel_respond(channel);
	return 0;
}

static int take_reply(struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	pthread_mutex_lock(&channel->lock);
	bool awaited = answers_put(&channel->answers, head, body);
	pthread_mutex_unlock(&channel->lock);
	if (awaited)
		return 0;
	return err_set(-EPROTO, "the target sent an unexpected frame: type %#x, id %u, %u bytes",
		head->type, head->id, head->length);
}

static const char *hand_over(
	struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	return channel->take ? channel->take(channel->client, head->id, body, head->length)
			     : "this control channel does not carry messages of lanes";
}

/*
 * Take a reply to a message of a lane whose data is carried in this channel. After the channel has
 * ended, replies are dropped: the calls that wait for them return, and a late reply could change
 * memory that the program uses for something else by then. channel_end() holds the same `lock`.
 */
static int take_message(
	struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	pthread_mutex_lock(&channel->lock);
	int ended = channel_error(channel);
	const char *wrong = ended ? NULL : hand_over(channel, head, body);
	pthread_mutex_unlock(&channel->lock);
	if (!wrong)
		return ended;
	return err_set(-EPROTO, "lane %u: the target broke the protocol: %s", head->id, wrong);
}

static int take_frame(struct channel *channel, const struct control_head *head, const uint8_t *body)
{
	switch (head->type) {
	case CONTROL_PING:
		return take_ping(channel, head);
	case CONTROL_COUNTERS:
		return take_question(channel, head);
	case CONTROL_MESSAGE | CONTROL_REPLY:
		return take_message(channel, head, body);
	default:
		return take_reply(channel, head, body);
	}
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
	while ((rc = frames_next(&channel->frames, &head, &body)) > 0)
		if ((rc = take_frame(channel, &head, body)))
			return rc;
	return rc;
}

/*
 * Read what ssh has sent. Returns 1; 0 at the end of the stream; the error that ends the channel.
 */
static int read_incoming(struct channel *channel)
{
	size_t size;
	void *room = frames_room(&channel->frames, &size);
	ssize_t got = read(channel->ssh.out, room, size);

	if (got > 0) {
		frames_fill(&channel->frames, (size_t)got);
		int rc = take_incoming(channel);
		return rc ? rc : 1;
	}
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

/*
 * Called by a thread of the program that has become the reader: waits until something arrives, and
 * reads it once.
 */
static int read_for_callers(struct channel *channel, int64_t deadline)
{
	struct pollfd wait[] = {{channel->ssh.out, POLLIN, 0},
		{atomic_load(&channel->left) ? -1 : channel->hangup_fd, POLLIN, 0},
		{channel_answer_is_due(channel) ? channel->ssh.in : -1, POLLOUT, 0}};
	int rc = 1;

	if (poll(wait, 3, clock_left(deadline)) <= 0)
		return 1;
	if (wait[2].revents)
		channel_respond(channel);
	if (wait[0].revents && (rc = read_incoming(channel)) < 0)
		channel_end(channel, rc, err_get());
	return rc;
}

/*
 * Read once, as the reader. The caller holds `lock`, which is released while this function reads.
 */
static void lead(struct channel *channel, int64_t deadline)
{
	channel->reading = true;
	channel->reads++;
	pthread_mutex_unlock(&channel->lock);
	int rc = read_for_callers(channel, deadline);
	pthread_mutex_lock(&channel->lock);
	channel->reading = false;
	if (!rc) {
		/*
		 * Let the monitor end the channel, after it has read the last lines that ssh wrote
		 * to its standard error.
		 */
		channel->hung = true;
		channel_raise(channel->wake_fd);
	}
	channel_wake_waiters(channel);
}

static void wait_for_news(struct channel *channel, struct waiter *waiter, int64_t deadline)
{
	const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};

	pthread_cond_timedwait(&waiter->news, &channel->lock, &until);
}

static void enlist(struct channel *channel, struct waiter *waiter)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	waiter->next = channel->waiters;
	channel->waiters = waiter;
}

static void strike(struct channel *channel, struct waiter *waiter)
{
	struct waiter **at = &channel->waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	pthread_cond_destroy(&waiter->news);
}

int channel_await(struct channel *channel, bool (*done)(void *argument), void *argument)
{
	int64_t deadline = clock_ms() + channel->timeout_ms;
	struct waiter self = {.done = done, .argument = argument};

	pthread_mutex_lock(&channel->lock);
	bool there = done(argument);
	if (!there && !channel_error(channel)) {
		enlist(channel, &self);
		while (!(there = done(argument)) && !channel_error(channel) && clock_left(deadline))
			if (channel->reading || channel->hung)
				wait_for_news(channel, &self, deadline);
			else
				lead(channel, deadline);
		strike(channel, &self);
		wake_reader(channel);
	}
	pthread_mutex_unlock(&channel->lock);
	if (there)
		return 0;
	return channel_error(channel) ? channel_failure(channel) : -ETIMEDOUT;
}

/* -- the monitor thread, which reads while no caller waits -- */

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

/*
 * Read once, unless a thread of the program is reading. Returns false when the channel has ended.
 */
static bool read_for_nobody(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
	bool mine = !channel->reading;
	channel->reading = true;
	pthread_mutex_unlock(&channel->lock);
	if (!mine)
		return true;
	int rc = read_incoming(channel);
	if (!rc)
		rc = last_words(channel);
	if (rc < 0)
		channel_end(channel, rc, err_get());
	pthread_mutex_lock(&channel->lock);
	channel->reading = false;
	channel_wake_waiters(channel);
	wake_reader(channel);
	pthread_mutex_unlock(&channel->lock);
	return rc > 0;
}

/*
 * True if threads of the program read the channel, or have read since the previous call of this
 * function.
 */
static bool callers_read(struct channel *channel, unsigned *reads)
{
	pthread_mutex_lock(&channel->lock);
	bool theirs = !channel->hung && (channel->waiters || channel->reads != *reads);
	*reads = channel->reads;
	pthread_mutex_unlock(&channel->lock);
	return theirs;
}

/* Wait for events and handle them. False when the channel has ended or is being closed. */
static bool monitor_once(struct channel *channel, unsigned *reads)
{
	bool theirs = callers_read(channel, reads);
	bool due = channel_answer_is_due(channel);
	/* Do not poll ssh's standard error after it has ended. */
	struct pollfd wait[] = {{channel->stop_fd, POLLIN, 0}, {channel->wake_fd, POLLIN, 0},
		{channel->said.ended ? -1 : channel->ssh.err, POLLIN, 0},
		{theirs ? -1 : channel->ssh.out, POLLIN, 0},
		{due && !theirs ? channel->ssh.in : -1, POLLOUT, 0}};
	uint64_t woken;

	if (poll(wait, 5, theirs ? MONITOR_REST_MS : -1) < 0)
		return true;
	if (wait[0].revents)
		return false;
	if (wait[1].revents && read(channel->wake_fd, &woken, sizeof(woken)) < 0)
		return true;
	if (wait[2].revents)
		ssh_stderr_read(&channel->said, channel->ssh.err);
	if (wait[4].revents)
		channel_respond(channel);
	return wait[3].revents ? read_for_nobody(channel) : true;
}

void *channel_monitor(void *argument)
{
	struct channel *channel = argument;
	unsigned reads = 0;

	while (monitor_once(channel, &reads))
		;
	return NULL;
}
