/* SPDX-License-Identifier: BSD-3-Clause */
#include "control_io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

int control_io_init(struct control_io *io, int timeout_ms)
{
	struct stat output;

	*io = (struct control_io){.timeout_ms = timeout_ms};
	pthread_mutex_init(&io->sending, NULL);
	io->is_socket = !fstat(STDOUT_FILENO, &output) && S_ISSOCK(output.st_mode);
	io->bytes = malloc(CONTROL_FRAME_MAX);
	if (!io->bytes)
		return err_set(-ENOMEM, "out of memory for the control channel");
	return frames_init(&io->frames);
}

void control_io_fini(struct control_io *io)
{
	frames_fini(&io->frames);
	free(io->bytes);
	pthread_mutex_destroy(&io->sending);
}

/*
 * Remove the first `sent` bytes from the parts of a message. Returns the number of parts that are
 * left.
 */
static unsigned without(struct iovec **parts, unsigned count, size_t sent)
{
	while (count && sent >= (*parts)->iov_len) {
		sent -= (*parts)->iov_len;
		++*parts;
		count--;
	}
	if (count) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + sent;
		(*parts)->iov_len -= sent;
	}
	return count;
}

/*
 * Send some of the bytes, without blocking. Returns -1 with EAGAIN if there is no room. Must not
 * rely on O_NONBLOCK of standard output, which the parent process may or may not have set.
 */
static ssize_t send_some(const struct control_io *io, struct iovec *parts, unsigned count)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
	struct pollfd now = {STDOUT_FILENO, POLLOUT, 0};
	size_t length = parts->iov_len;

	if (io->is_socket)
		return sendmsg(STDOUT_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!poll(&now, 1, 0)) {
		errno = EAGAIN;
		return -1;
	}
	/* A pipe that poll(2) reports as writable accepts PIPE_BUF bytes without blocking. */
	if (length >= PIPE_BUF || count == 1)
		return write(STDOUT_FILENO, parts->iov_base, length < PIPE_BUF ? length : PIPE_BUF);
	struct iovec two[2] = {parts[0], parts[1]};
	if (two[1].iov_len > PIPE_BUF - length)
		two[1].iov_len = PIPE_BUF - length;
	return writev(STDOUT_FILENO, two, 2);
}

/*
 * Send all bytes of `parts`, which must not be empty, and is changed. The time limit begins again
 * whenever some bytes were sent.
 */
static int send_all(const struct control_io *io, struct iovec *parts, unsigned count)
{
	struct pollfd wait = {STDOUT_FILENO, POLLOUT, 0};

	while (count) {
		ssize_t sent = send_some(io, parts, count);
		if (sent >= 0)
			count = without(&parts, count, (size_t)sent);
		else if (errno == EAGAIN && !poll(&wait, 1, io->timeout_ms))
			return err_set(-ETIMEDOUT, "the initiator does not accept data in time");
		else if (errno != EINTR && errno != EAGAIN)
			return err_sys("the control channel is lost");
	}
	return 0;
}

static int send_bytes(struct control_io *io, uint8_t *bytes, size_t length)
{
	struct iovec part = {bytes, length};

	pthread_mutex_lock(&io->sending);
	int rc = send_all(io, &part, 1);
	pthread_mutex_unlock(&io->sending);
	return rc;
}

int control_io_send_message(
	struct control_io *io, unsigned lane, const struct iovec *parts, unsigned count)
{
	uint8_t bytes[CONTROL_HEAD_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct iovec all[3] = {{bytes, CONTROL_HEAD_SIZE}};
	struct control_head head = {CONTROL_MESSAGE | CONTROL_REPLY, lane, 0};

	for (unsigned i = 0; i < count; i++) {
		head.length += (uint32_t)parts[i].iov_len;
		all[i + 1] = parts[i];
	}
	control_put_head(&out, &head);
	pthread_mutex_lock(&io->sending);
	int rc = send_all(io, all, count + 1);
	pthread_mutex_unlock(&io->sending);
	return rc;
}

int control_io_greet(struct control_io *io)
{
	struct writer out = writer_on(io->bytes, CONTROL_FRAME_MAX);

	control_put_greeting(&out);
	return send_bytes(io, io->bytes, writer_length(&out));
}

static int send_frame(struct control_io *io, const struct control_head *head)
{
	struct writer out = writer_on(io->bytes, CONTROL_HEAD_SIZE);

	control_put_head(&out, head);
	return send_bytes(io, io->bytes, CONTROL_HEAD_SIZE + head->length);
}

int control_io_ask(struct control_io *io, uint32_t type, uint32_t id)
{
	const struct control_head request = {type, id, 0};

	return send_frame(io, &request);
}

struct writer control_io_reply(struct control_io *io)
{
	struct writer out = writer_on(io->bytes + CONTROL_HEAD_SIZE, CONTROL_BODY_MAX);

	control_put_result(&out, WIRE_OK, "");
	return out;
}

int control_io_send_reply(
	struct control_io *io, const struct control_head *request, const struct writer *reply)
{
	const struct control_head head = {
		request->type | CONTROL_REPLY, request->id, (uint32_t)writer_length(reply)};

	if (reply->bad)
		return err_set(-EMSGSIZE, "the reply to %s is too long for a frame",
			control_type_name(request->type));
	return send_frame(io, &head);
}

int control_io_refuse(struct control_io *io, const struct control_head *request,
	enum wire_status status, const char *sentence)
{
	struct writer out = writer_on(io->bytes + CONTROL_HEAD_SIZE, CONTROL_BODY_MAX);

	/* Log a missing pool as a notice, because that is normal, and other errors as warnings. */
	log_at(status == WIRE_ABSENT ? LOG_NOTICE : LOG_WARNING, "%s is refused: %s",
		control_type_name(request->type), sentence);
	control_put_result(&out, status, sentence);
	return control_io_send_reply(io, request, &out);
}

int control_io_read(struct control_io *io)
{
	size_t size;
	void *room = frames_room(&io->frames, &size);
	ssize_t got = read(STDIN_FILENO, room, size);

	if (got > 0)
		frames_fill(&io->frames, (size_t)got);
	if (got < 0 && errno != EINTR && errno != EAGAIN)
		return err_sys("the control channel is lost");
	return got != 0;
}

int control_io_next(struct control_io *io, struct control_head *head, const uint8_t **body)
{
	if (!io->greeted) {
		int rc = frames_greeting(&io->frames, "the initiator", &io->minor);
		if (rc <= 0)
			return rc;
		io->greeted = true;
	}
	return frames_next(&io->frames, head, body);
}
