/* SPDX-License-Identifier: BSD-3-Clause */
#include "control_io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

int control_io_init(struct control_io *io, int timeout_ms)
{
	*io = (struct control_io){.timeout_ms = timeout_ms};
	io->bytes = malloc(CONTROL_FRAME_MAX);
	if (!io->bytes)
		return err_set(-ENOMEM, "no memory for the control channel");
	return frames_init(&io->frames);
}

void control_io_fini(struct control_io *io)
{
	frames_fini(&io->frames);
	free(io->bytes);
}

/*
 * Send all bytes, with poll(2): standard output may block or not, as the process that made it
 * chose.
 */
static int send_all(struct control_io *io, const uint8_t *bytes, size_t length)
{
	struct pollfd wait = {STDOUT_FILENO, POLLOUT, 0};

	while (length) {
		int ready = poll(&wait, 1, io->timeout_ms);
		if (!ready)
			return err_set(-ETIMEDOUT, "the initiator does not accept data in time");
		/*
		 * A pipe that poll(2) reports as writable accepts this many bytes without
		 * blocking.
		 */
		ssize_t sent =
			ready < 0 ? -1 : write(STDOUT_FILENO, bytes, length < 4096 ? length : 4096);
		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return err_sys("the control channel is lost");
		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
		}
	}
	return 0;
}

int control_io_greet(struct control_io *io)
{
	struct writer out = writer_on(io->bytes, CONTROL_FRAME_MAX);

	control_put_greeting(&out);
	return send_all(io, io->bytes, writer_length(&out));
}

static int send_frame(struct control_io *io, const struct control_head *head)
{
	struct writer out = writer_on(io->bytes, CONTROL_HEAD_SIZE);

	control_put_head(&out, head);
	return send_all(io, io->bytes, CONTROL_HEAD_SIZE + head->length);
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
		return err_set(-EMSGSIZE, "the reply to %s does not fit a frame",
			control_type_name(request->type));
	return send_frame(io, &head);
}

int control_io_refuse(struct control_io *io, const struct control_head *request,
	enum wire_status status, const char *sentence)
{
	struct writer out = writer_on(io->bytes + CONTROL_HEAD_SIZE, CONTROL_BODY_MAX);

	/* A missing pool is normal, and only a notice in the log; other errors are warnings. */
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
