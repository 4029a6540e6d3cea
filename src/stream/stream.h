/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream.h - lanes in an existing stream of bytes between both ends (lanes/lanes.h)
 *
 * The stream is the control channel: it carries whole messages, each with the number of its lane,
 * in order, and is trusted, so that lanes need no connections, secrets or registrations. This
 * transport does no I/O: each end gives it functions that send and wait, and tells it what has
 * arrived. The end of the stream is the end of all lanes.
 *
 * Flow control: each end reads at all times, even while it waits until its own bytes are sent,
 * except that the target does not read while it executes or answers a message. So no write waits
 * for ever: the initiator reads the target's replies, after which the target reads again. A lane
 * has at most `window` unanswered messages, which bounds what the target must keep for lanes that
 * are slow.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <sys/uio.h>

#include "lanes/lanes.h"

/* -- calls of the initiator -- */

/*
 * The functions by which the client uses the stream. They return 0, or -errno with an error
 * message.
 */
struct stream_pipe {
	/*
	 * Returns 0, or the error with which the stream has ended; then all other functions return
	 * that error, too.
	 */
	int (*check)(void *context);
	/*
	 * Send these parts as one message of the lane. Returns how many times it had to wait for
	 * room in the stream, or -errno.
	 */
	int (*send)(void *context, unsigned lane, const struct iovec *parts, unsigned count);
	/*
	 * Wait until done() returns true; -ETIMEDOUT after the stream's time limit. done() is
	 * called under the lock that also guards `take`.
	 */
	int (*wait)(void *context, bool (*done)(void *argument), void *argument);
	/* End the stream with this error code and the calling thread's error message. */
	int (*end)(void *context, int code);
	/*
	 * From now on call `take` for each reply that arrives, on the thread that reads the reply.
	 * `take` returns NULL, or a text that says how the reply breaks the protocol. If `take` is
	 * NULL, no replies are expected.
	 */
	void (*attach)(void *context,
		const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length),
		void *client);
	void *context;
};

struct stream_client_args {
	const char *name; /* name of the target, to begin error messages with */
	unsigned nlanes;
	void *local; /* the caller's memory, to which offsets refer */
	size_t size;
	size_t guard;    /* only reads are allowed below this offset */
	unsigned window; /* maximum of unanswered messages of a lane */
	size_t message_size;
	int timeout_ms;               /* time limit of the stream, for error messages */
	struct tally *const *tallies; /* a counter of retries for each lane; NULL: do not count */
	struct stream_pipe pipe;
};

/* Open a client. Copies what `args` points to, except the memory at `local`. */
int stream_client_open(const struct stream_client_args *args, struct lanes_client **client);

/* -- calls of the target -- */

struct stream_server_args {
	unsigned nlanes, nthreads; /* workers; 0: one per usable CPU, at most one per lane */
	struct lanes_store store;
	/*
	 * Send these parts as one reply on the lane. Several threads call this function at the
	 * same time. It returns 0 or -errno.
	 */
	int (*send)(void *context, unsigned lane, const struct iovec *parts, unsigned count);
	void *context;
};

/* Start the workers, which block all signals but SIGBUS. */
int stream_server_open(const struct stream_server_args *args, struct lanes_server **server);

/* The limits that the initiator must keep: unanswered messages of a lane, bytes of a message. */
unsigned stream_server_window(const struct lanes_server *server);
size_t stream_server_message_size(const struct lanes_server *server);

/*
 * Handle a message that has arrived. It is executed at once if no earlier message of its lane is
 * waiting and messages take little time; else a worker executes a copy of it later. -EPROTO: the
 * initiator has broken the protocol; other errors are those of `send`. Only one thread may call
 * this function.
 */
int stream_server_take(
	struct lanes_server *server, unsigned lane, const void *bytes, size_t length);

#endif
