/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - the initiator's end of lanes in a stream
 *
 * Only the thread that is in a call on a lane, its owner, uses the members of the lane. The
 * exceptions are the members that replies change: `answered`, `failure`, `text` and `wanted` of
 * its messages. Any thread that reads the stream handles the replies of all lanes, under the
 * stream's lock. The owner reads these members after a wait, which takes that lock, and writes
 * `wanted` before it publishes the message by `sent`.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "lanes/messages.h"
#include "stream/stream.h"

/*
 * The maximum of unanswered messages of a lane. A larger number would take more memory without
 * making anything faster.
 */
#define WINDOW_MAX 32

struct stream_client;

struct stream_lane {
	struct messages messages;
	struct stream_client *client;
	_Atomic uint32_t sent; /* number of messages sent: replies to these are expected */
	struct messages_wanted wanted[WINDOW_MAX];
	uint8_t bytes[]; /* the open message */
};

struct stream_client {
	struct lanes_client base;
	struct stream_pipe pipe;
	int timeout_ms;
	char *name;
	struct stream_lane **lanes;
};

static struct stream_client *client_of(const struct lanes_client *base)
{
	return (struct stream_client *)base;
}

static struct stream_lane *lane_of(struct messages *messages)
{
	return (struct stream_lane *)messages;
}

/* -- waiting -- */

struct wait {
	const struct stream_lane *lane;
	uint32_t most;             /* wait until at most this many messages are unanswered */
	bool looked;               /* goes_on() has been called: the next two members are set */
	uint32_t before, answered; /* answered messages at the first and the last call */
};

static bool is_over(const struct wait *wait)
{
	/* Only the owner of the lane, which waits, changes `sent`. */
	uint32_t sent = atomic_load_explicit(&wait->lane->sent, memory_order_relaxed);

	return sent - wait->answered <= wait->most;
}

/*
 * True if the thread need not wait any longer, or if a message of the lane was answered since this
 * function was first called.
 */
static bool goes_on(void *argument)
{
	struct wait *wait = argument;

	wait->answered = wait->lane->messages.answered;
	if (!wait->looked)
		wait->before = wait->answered;
	wait->looked = true;
	return is_over(wait) || wait->answered != wait->before;
}

/*
 * Wait until at most `most` messages of the lane are unanswered. Fails if no message of the lane
 * is answered within the time limit, which starts again with each answer.
 */
static int wait_for(struct stream_lane *lane, uint32_t most)
{
	const struct stream_client *client = lane->client;
	const struct stream_pipe *pipe = &client->pipe;
	struct wait wait = {.lane = lane, .most = most};
	int code;

	do {
		wait.looked = false;
		code = pipe->wait(pipe->context, goes_on, &wait);
	} while (!code && !is_over(&wait));
	if (code != -ETIMEDOUT)
		return code;
	return pipe->end(pipe->context, err_set(code, "lane %u: no answer within %d ms",
						lane->messages.number, client->timeout_ms));
}

/* -- the functions of this transport -- */

static int check(struct lanes_client *base)
{
	const struct stream_pipe *pipe = &client_of(base)->pipe;

	return pipe->check(pipe->context);
}

static struct messages *find_lane(struct lanes_client *base, unsigned number)
{
	return &client_of(base)->lanes[number]->messages;
}

static int slot(struct messages *messages, uint8_t **bytes)
{
	*bytes = lane_of(messages)->bytes;
	return wait_for(lane_of(messages), messages->window - 1);
}

static int post(struct messages *messages, size_t start, const void *bytes, size_t length)
{
	struct stream_lane *lane = lane_of(messages);
	const struct stream_pipe *pipe = &lane->client->pipe;
	const struct iovec parts[2] = {{lane->bytes, start}, {(void *)bytes, length}};

	/*
	 * Release order: the thread that handles the reply, perhaps before this thread returns
	 * from sending, sees `wanted`.
	 */
	atomic_store_explicit(&lane->sent, messages->next + 1, memory_order_release);
	int sent = pipe->send(pipe->context, messages->number, parts, length ? 2 : 1);
	for (int waits = 0; waits < sent; waits++)
		messages_count_retry(messages);
	return sent < 0 ? sent : 0;
}

static int wait_answered(struct messages *messages)
{
	return wait_for(lane_of(messages), 0);
}

/* Does nothing: the function that sends a message has copied its bytes when it returns. */
static int wait_sent(struct messages *messages)
{
	(void)messages;
	return 0;
}

static int relaxed(struct messages *messages, size_t offset, size_t length, bool alone)
{
	(void)alone;
	return messages_store(messages, offset, length);
}

static int confirm(struct messages *messages)
{
	(void)messages;
	return 0;
}

/* Called by the stream, under its lock. */
static const char *take(void *context, unsigned number, const void *bytes, size_t length)
{
	struct stream_client *client = context;

	if (number >= client->base.nlanes)
		return "a reply for a lane that does not exist";
	struct stream_lane *lane = client->lanes[number];
	/* Acquire: pairs with the release in post(). */
	uint32_t sent = atomic_load_explicit(&lane->sent, memory_order_acquire);
	return messages_take_reply(&lane->messages, sent, bytes, length);
}

/* -- opening and closing -- */

static void abandon(struct lanes_client *base)
{
	struct stream_client *client = client_of(base);

	for (unsigned i = 0; client->lanes && i < client->base.nlanes; i++)
		free(client->lanes[i]);
	free(client->lanes);
	free(client->name);
	free(client);
}

static void close_client(struct lanes_client *base)
{
	const struct stream_pipe *pipe = &client_of(base)->pipe;

	pipe->attach(pipe->context, NULL, NULL);
	abandon(base);
}

static const struct lanes_transport transport = {
	.check = check,
	.lane = find_lane,
	.slot = slot,
	.post = post,
	.wait = wait_answered,
	.wait_sent = wait_sent,
	.relaxed = relaxed,
	.confirm = confirm,
	.read = messages_read,
	.close = close_client,
	.abandon = abandon,
};

static int make_lane(struct stream_client *client, unsigned number, unsigned window, size_t size)
{
	size_t gather = messages_gather(size < MESSAGES_GATHER ? size : MESSAGES_GATHER);
	/* Round up to the alignment, so that lanes share no cache lines. */
	size_t whole = (sizeof(struct stream_lane) + gather + 127) & ~(size_t)127;
	struct stream_lane *lane = aligned_alloc(128, whole);

	if (!lane)
		return err_set(-ENOMEM, "%s: out of memory for lane %u", client->name, number);
	memset(lane, 0, sizeof(*lane));
	lane->client = client;
	lane->messages.client = &client->base;
	lane->messages.number = number;
	lane->messages.window = window;
	lane->messages.message_size = size;
	lane->messages.gather = gather;
	lane->messages.wanted = lane->wanted;
	client->lanes[number] = lane;
	return 0;
}

static int open_client(struct stream_client *client, const struct stream_client_args *args)
{
	unsigned window = args->window < WINDOW_MAX ? args->window : WINDOW_MAX;
	int code = 0;

	client->lanes = calloc(args->nlanes, sizeof(struct stream_lane *));
	if (!client->lanes)
		return err_set(
			-ENOMEM, "%s: out of memory for %u lanes", client->name, args->nlanes);
	for (unsigned i = 0; !code && i < args->nlanes; i++)
		code = make_lane(client, i, window, args->message_size);
	if (code)
		return code;
	args->pipe.attach(args->pipe.context, take, client);
	return lanes_measure(&client->base);
}

int stream_client_open(const struct stream_client_args *args, struct lanes_client **client)
{
	struct stream_client *new = calloc(1, sizeof(*new));

	if (!new || !(new->name = strdup(args->name))) {
		free(new);
		return err_set(-ENOMEM, "%s: out of memory", args->name);
	}
	new->pipe = args->pipe;
	new->timeout_ms = args->timeout_ms;
	new->base = (struct lanes_client){
		.transport = &transport,
		.name = new->name,
		.nlanes = args->nlanes,
		.local = args->local,
		.size = args->size,
		.guard = args->guard,
		.tallies = args->tallies,
	};
	int code = open_client(new, args);
	if (code) {
		close_client(&new->base);
		return code;
	}
	*client = &new->base;
	return 0;
}
