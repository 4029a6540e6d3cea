/* SPDX-License-Identifier: BSD-3-Clause */
/* channel_send.c - send frames on the control channel */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "librpmem/channel_parts.h"
#include "librpmem/clock.h"

/* -- sending -- */

/*
 * Remove the first `sent` bytes, which were sent already, from a message. Returns true if bytes
 * are left to send.
 */
static bool bytes_left(struct msghdr *message, size_t sent)
{
	while (message->msg_iovlen && sent >= message->msg_iov->iov_len) {
		sent -= message->msg_iov->iov_len;
		message->msg_iov++;
		message->msg_iovlen--;
	}
	if (!message->msg_iovlen)
		return false;
	message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + sent;
	message->msg_iov->iov_len -= sent;
	return true;
}

int channel_send_all(struct channel *channel, struct iovec *parts, unsigned count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	int64_t deadline = clock_ms() + channel->timeout_ms;
	int waits = 0;

	while (message.msg_iovlen) {
		ssize_t sent = sendmsg(channel->ssh.in, &message, MSG_NOSIGNAL);
		if (sent >= 0) {
			if (bytes_left(&message, (size_t)sent))
				deadline = clock_ms() + channel->timeout_ms;
			continue;
		}
		struct pollfd wait[] = {{channel->ssh.in, POLLOUT, 0},
			{atomic_load(&channel->left) ? -1 : channel->hangup_fd, POLLIN, 0}};
		if (errno == EAGAIN && clock_left(deadline) && !channel_error(channel)) {
			poll(wait, 2, clock_left(deadline));
			waits++;
			continue;
		}
		if (errno == EINTR)
			continue;
		/*
		 * The connection is broken because ssh has ended. The monitor thread notices this
		 * at the same time and reads the reason from ssh: let the monitor report it.
		 */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		return errno == EAGAIN
			       ? channel_end(channel, -ETIMEDOUT,
					 "the control channel does not accept data in time")
			       : channel_end(channel, -ECONNRESET, "the control channel is lost");
	}
	return waits;
}

/*
 * Try to send one frame without waiting. False if the socket has no room: the frame must be sent
 * later.
 */
static bool send_at_once(struct channel *channel, const uint8_t *bytes, size_t length)
{
	return send(channel->ssh.in, bytes, length, MSG_NOSIGNAL) >= 0 || errno == EPIPE ||
	       errno == ECONNRESET;
}

static bool send_pong(struct channel *channel)
{
	uint8_t bytes[CONTROL_HEAD_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	const struct control_head head = {
		CONTROL_PING | CONTROL_REPLY, atomic_load(&channel->ping_id), 0};

	control_put_head(&out, &head);
	return send_at_once(channel, bytes, writer_length(&out));
}

static bool send_counters(struct channel *channel)
{
	uint8_t bytes[CONTROL_HEAD_SIZE + WIRE_COUNTERS_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	const struct control_head head = {CONTROL_COUNTERS | CONTROL_REPLY,
		atomic_load(&channel->counters_id), WIRE_COUNTERS_SIZE};
	struct wire_counters counters = {0};

	/*
	 * Hold the lock during the call of sum(): channel_set_counters() takes it, too, so when
	 * that function returns, the previous context is no longer used.
	 */
	pthread_mutex_lock(&channel->lock);
	if (channel->counters.sum)
		channel->counters.sum(channel->counters.context, &counters);
	pthread_mutex_unlock(&channel->lock);
	control_put_head(&out, &head);
	counters_put(&out, &counters);
	return send_at_once(channel, bytes, writer_length(&out));
}

void channel_respond(struct channel *channel)
{
	bool sent = true;

	while (sent && channel_answer_is_due(channel) &&
		!pthread_mutex_trylock(&channel->sending)) {
		if (atomic_load(&channel->ping_due) && (sent = send_pong(channel)))
			atomic_store(&channel->ping_due, false);
		if (sent && atomic_load(&channel->counters_due) && (sent = send_counters(channel)))
			atomic_store(&channel->counters_due, false);
		pthread_mutex_unlock(&channel->sending);
	}
}

int channel_send_frame(struct channel *channel, const struct control_head *head,
	struct iovec *parts, unsigned count)
{
	uint8_t bytes[CONTROL_HEAD_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));

	control_put_head(&out, head);
	parts[0] = (struct iovec){bytes, sizeof(bytes)};
	pthread_mutex_lock(&channel->sending);
	int rc = channel_send_all(channel, parts, count);
	pthread_mutex_unlock(&channel->sending);
	channel_respond(channel);
	return rc;
}
