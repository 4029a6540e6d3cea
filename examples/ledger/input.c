/* SPDX-License-Identifier: BSD-3-Clause */
/* input.c - reads the input of the ledger; this file is not about durability */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "input.h"

/* Reads more bytes from the descriptor, and appends them to the bytes in the buffer. */
static int input_fill(struct input *in)
{
	ssize_t got;

	memmove(in->buffer, in->buffer + in->from, in->to - in->from);
	in->to -= in->from;
	in->from = 0;
	do
		got = read(in->fd, in->buffer + in->to, sizeof(in->buffer) - in->to);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	in->to += (size_t)got;
	in->ended = !got;
	return (int)got;
}

int input_peek(struct input *in, const char **data)
{
	if (in->from == in->to && !in->ended) {
		int ret = input_fill(in);

		if (ret < 0)
			return ret;
	}
	*data = in->buffer + in->from;
	return (int)(in->to - in->from);
}

void input_take(struct input *in, size_t length)
{
	in->from += length;
	in->offset += length;
}

static const char *find_newline(const struct input *in)
{
	return memchr(in->buffer + in->from, '\n', in->to - in->from);
}

int input_line(struct input *in, const char **line)
{
	const char *newline;
	size_t length;

	while (!(newline = find_newline(in)) && !in->ended &&
		in->to - in->from < sizeof(in->buffer)) {
		int ret = input_fill(in);

		if (ret < 0)
			return ret;
	}
	*line = in->buffer + in->from;
	length = newline ? (size_t)(newline + 1 - *line) : in->to - in->from;
	input_take(in, length);
	return (int)length;
}

bool input_would_wait(const struct input *in)
{
	struct pollfd fd = {.fd = in->fd, .events = POLLIN};

	return !in->ended && !find_newline(in) && poll(&fd, 1, 0) == 0;
}
