/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-mangle.c - stand between an initiator and its target, and spoil one message of theirs
 *
 *	fault-mangle OUTCOME DIRECTION FRAME HOW[=N] COMMAND [ARG...]
 *
 * runs the command, which is rpmemd, and passes on what it says and is told. Of the frames that go
 * in DIRECTION, `to-target' or `to-initiator', the one of that number (0 is the greeting) is
 * changed:
 *
 *	cut=N		only its first N bytes go on, and then the end
 *	hang=N		only its first N bytes go on, and then nothing
 *	flip=N		its byte N is another; negative: from its end
 *	garbage=N	so many random bytes instead
 *	huge		its head says 4 GiB
 *	longer=N	N zeros more in its body, as its head says; negative: fewer
 *	type=N, id=N	another number in its head; negative: that much less
 *	twice		it comes twice
 *	old		the greeting of the daemon that came before ours: 4 zeros, and nothing
 *
 * How the command ended is left in the file OUTCOME: "exit N" or "signal N"; "none": the frame never
 * came.
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
	bool spoilt; /* it is this one's frame that is changed */
	bool ended, hangs;
	unsigned frame; /* the number of the next */
	size_t filled;  /* bytes of the next frames */
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
			return; /* nobody listens any more */
		data += n;
		length -= (size_t)n;
	}
}

static bool is(const char *how)
{
	return !strcmp(plan.how, how);
}

/* Change the frame of `length` bytes in place; its new length, at most ROOM. */
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

/* The length of the next frame, or 0 if it is not all there. */
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

/* False at the end of it. */
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
 * Whoever ends "ssh", because it has seen enough, must not end us: we are the other machine, and go on
 * to see how the target ends. We do so behind our parent, which is what was started.
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

/* Until both have ended. Of a target that hangs, the initiator does not see the end. */
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
