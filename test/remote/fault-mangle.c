/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-mangle.c - a proxy between an initiator and its target that changes one frame (one message
 * of the control channel)
 *
 *	fault-mangle OUTCOME DIRECTION FRAME HOW[=N] COMMAND [ARG...]
 *
 * The proxy runs the command, which is rpmemd, and passes its input and output on. In the given
 * DIRECTION, `to-target' or `to-initiator', it changes the frame with the number FRAME (0 is the
 * greeting):
 *
 *	cut=N		pass on only its first N bytes, and then close the stream
 *	hang=N		pass on only its first N bytes, and then nothing more
 *	flip=N		invert the bits of its byte N; if N is negative, -1 is its last byte
 *	garbage=N	replace it by N random bytes
 *	huge		set the length in its head to 4 GiB - 1
 *	longer=N	append N zeros to its body, and set the length in its head; if N is
 *			negative, remove -N bytes instead
 *	type=N, id=N	add N to the type or the id in its head
 *	twice		pass it on twice
 *	old		replace it by the greeting of PMDK's rpmemd, 4 zeros, and then nothing more
 *
 * It writes how the command ended to the file OUTCOME: "exit N" or "signal N"; or "none" if the
 * frame never came.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING 16u
#define HEAD     12u
#define ROOM     ((size_t)1 << 20)

struct stream {
	int from, to;
	bool spoilt; /* the frame that is to be changed is in this stream */
	bool ended, hangs;
	unsigned frame; /* number of the next frame */
	size_t filled;  /* number of bytes in `data`, where the next frame begins */
	uint8_t data[ROOM];
};

static struct {
	unsigned frame;
	const char *how;
	long n;
	bool done;
} plan;

static uint32_t get(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void pass(const struct stream *stream, const uint8_t *data, size_t length)
{
	while (length) {
		ssize_t n = write(stream->to, data, length);
		if (n < 0)
			return; /* the process that reads this stream has closed it */
		data += n;
		length -= (size_t)n;
	}
}

static bool is(const char *how)
{
	return !strcmp(plan.how, how);
}

/* Changes the frame of `length` bytes in place. Returns its new length, at most ROOM. */
static size_t change(struct stream *stream, uint8_t *frame, size_t length)
{
	size_t at = plan.n < 0 ? length - (size_t)-plan.n : (size_t)plan.n;

	if (is("cut") || is("hang")) {
		stream->ended = is("cut");
		stream->hangs = is("hang");
		return at < length ? at : length;
	}
	if (is("garbage")) {
		for (size_t i = 0; i < at; i++)
			frame[i] = (uint8_t)random();
		return at;
	}
	if (is("old")) {
		stream->hangs = true;
		memset(frame, 0, 4);
		return 4;
	}
	if (is("flip") && at < length)
		frame[at] ^= 0xff;
	if (is("huge"))
		put(frame + 8, UINT32_MAX);
	if (is("type"))
		put(frame, get(frame) + (uint32_t)plan.n);
	if (is("id"))
		put(frame + 4, get(frame + 4) + (uint32_t)plan.n);
	if (is("longer")) {
		size_t body = length - HEAD + (size_t)plan.n;
		if (plan.n > 0)
			memset(frame + length, 0, (size_t)plan.n);
		else if (length - HEAD < (size_t)-plan.n)
			return length;
		put(frame + 8, (uint32_t)body);
		return HEAD + body;
	}
	return length;
}

static void spoil(struct stream *stream, const uint8_t *frame, size_t length)
{
	static uint8_t copy[ROOM];

	plan.done = true;
	memcpy(copy, frame, length);
	if (is("twice"))
		pass(stream, frame, length);
	pass(stream, copy, change(stream, copy, length));
}

/* Returns the length of the next frame, or 0 if it is not complete yet. */
static size_t whole(const struct stream *stream)
{
	size_t length = GREETING;

	if (stream->frame)
		length = stream->filled < HEAD ? HEAD : HEAD + get(stream->data + 8);
	return stream->filled >= length ? length : 0;
}

static void advance(struct stream *stream)
{
	size_t length;

	while ((length = whole(stream))) {
		if (stream->hangs || stream->ended)
			return;
		if (stream->spoilt && stream->frame == plan.frame)
			spoil(stream, stream->data, length);
		else
			pass(stream, stream->data, length);
		stream->frame++;
		stream->filled -= length;
		memmove(stream->data, stream->data + length, stream->filled);
	}
}

/*
 * Reads the bytes that the stream has, and passes on all complete frames. Returns false at the end
 * of the stream.
 */
static bool feed(struct stream *stream)
{
	ssize_t n = read(stream->from, stream->data + stream->filled, ROOM - stream->filled);

	if (n <= 0)
		return false;
	stream->filled += (size_t)n;
	advance(stream);
	if (stream->hangs || stream->ended)
		stream->filled = 0;
	return true;
}

static pid_t start(char **command, struct stream *to, struct stream *back)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe(in) || pipe(out))
		err(EXIT_FAILURE, "pipe");
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		for (int fd = 3; fd < 16; fd++)
			close(fd);
		execvp(*command, command);
		err(127, "%s", *command);
	}
	close(in[0]);
	close(out[1]);
	to->to = in[1];
	back->from = out[0];
	return pid;
}

/*
 * Moves the proxy to a child process in a session of its own. librpmem may kill the process that it
 * started as ssh; the child must survive, as another machine would, to see how the target ends.
 */
static void hide(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		waitpid(pid, NULL, 0);
		_exit(EXIT_SUCCESS);
	}
	setsid();
}

static void finish(struct stream *stream)
{
	if (stream->to >= 0)
		close(stream->to);
	stream->to = -1;
}

/*
 * Passes frames on until the target has closed its output. If the proxy has stopped passing the
 * target's output on (hang), the initiator must not see that this output was closed, so relay()
 * continues until the initiator closes its own output, too.
 */
static void relay(struct stream *to, struct stream *back)
{
	struct pollfd fds[] = {{to->from, POLLIN, 0}, {back->from, POLLIN, 0}};

	while (fds[1].fd >= 0 || (back->hangs && fds[0].fd >= 0)) {
		if (poll(fds, 2, -1) < 0)
			return;
		if (fds[0].revents && !feed(to)) {
			finish(to);
			fds[0].fd = -1;
		}
		if (fds[1].revents && !feed(back)) {
			if (!back->hangs)
				finish(back);
			fds[1].fd = -1;
		}
		if (to->ended)
			finish(to);
		if (back->ended)
			finish(back);
	}
}

int main(int argc, char **argv)
{
	static struct stream to = {.from = STDIN_FILENO}, back = {.to = STDOUT_FILENO};
	char *equals;
	FILE *file;
	int status;

	if (argc < 6)
		errx(EXIT_FAILURE,
			"usage: fault-mangle OUTCOME DIRECTION FRAME HOW[=N] COMMAND...");
	signal(SIGPIPE, SIG_IGN);
	plan.frame = (unsigned)atoi(argv[3]);
	plan.how = argv[4];
	equals = strchr(argv[4], '=');
	if (equals) {
		*equals = '\0';
		plan.n = atol(equals + 1);
	}
	to.spoilt = !strcmp(argv[2], "to-target");
	back.spoilt = !to.spoilt;
	srandom((unsigned)plan.n * 31 + plan.frame);
	hide();
	pid_t pid = start(argv + 5, &to, &back);
	relay(&to, &back);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(EXIT_FAILURE, "waitpid");
	file = fopen(argv[1], "we");
	if (!file)
		err(EXIT_FAILURE, "%s", argv[1]);
	if (!plan.done)
		fprintf(file, "none\n");
	else
		fprintf(file, "%s %d\n", WIFEXITED(status) ? "exit" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return fclose(file) ? EXIT_FAILURE : EXIT_SUCCESS;
}
