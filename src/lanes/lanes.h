/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lanes.h - the data path between an initiator and a target, whatever transport carries it
 *
 * A transport (fabric/fabric.h, stream/stream.h) opens a client at the initiator and a server at
 * the target. The calls of the initiator are the same for all transports:
 *
 * - flush	begins to make bytes of the initiator's memory durable at the target; short
 *		ranges are gathered and sent with the next drain. Without `relaxed` the bytes
 *		were copied when it returns, and aligned 8-byte words arrive whole. With it the
 *		memory must not change before the drain, and words may arrive in parts.
 * - drain	waits until all that was flushed on the lane is durable, and reports failures
 * - persist	is flush and drain
 * - read	copies bytes of the target's pool into the initiator's memory
 *
 * Lanes are independent, and each lane may be used by one thread at a time. A lane has no thread
 * of its own.
 *
 * All functions return 0, or -errno with an error message. A mistake of the caller is -EINVAL and
 * changes nothing. If the target could not make bytes durable (-EIO, -ENOSPC...), the call that
 * waits for them reports it, once, and the handle stays usable. A lost connection (-ECONNRESET), a
 * peer that does not answer in time (-ETIMEDOUT) or breaks the protocol (-EPROTO) ends the whole
 * client: every call on any lane then fails at once, with the first cause.
 */
#ifndef LANES_LANES_H
#define LANES_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tally.h"

/* -- calls of the initiator -- */

struct messages;
struct lanes_client;

/*
 * The functions of a transport at the initiator. A function that works on one lane gets a pointer
 * to the messages of this lane (messages.h).
 */
struct lanes_transport {
	/*
	 * Returns 0, or the code with which the client has ended, with the error message of that
	 * end.
	 */
	int (*check)(struct lanes_client *client);
	struct messages *(*lane)(struct lanes_client *client, unsigned number);

	/*
	 * Wait until another message may be sent. Sets *bytes to memory of `gather` bytes, in
	 * which to build this message.
	 */
	int (*slot)(struct messages *lane, uint8_t **bytes);
	/*
	 * Send a message: the first `start` bytes of the memory from `slot`, then `length` bytes
	 * of the caller's memory.
	 */
	int (*post)(struct messages *lane, size_t start, const void *bytes, size_t length);
	/* Wait until all messages are answered, and all other work of the lane is done. */
	int (*wait)(struct messages *lane);
	/* Wait until the transport does not need the caller's memory any more. */
	int (*wait_sent)(struct messages *lane);

	/*
	 * Begin to make the bytes of a relaxed flush durable. `alone`: the call is a persist, so no
	 * other ranges are sent together with this one.
	 */
	int (*relaxed)(struct messages *lane, size_t offset, size_t length, bool alone);
	/*
	 * Make sure that earlier writes have arrived; a drain calls this before it waits for the
	 * work under way.
	 */
	int (*confirm)(struct messages *lane);
	int (*read)(struct messages *lane, void *to, size_t offset, size_t length);

	void (*close)(struct lanes_client *client);
	void (*abandon)(struct lanes_client *client);
};

/*
 * The members that the clients of all transports have. They do not change while the client is
 * open.
 */
struct lanes_client {
	const struct lanes_transport *transport;
	const char *name; /* name of the target, which begins error messages */
	unsigned nlanes;
	const char *local; /* memory of the caller; offsets are relative to its beginning */
	size_t size;
	size_t guard; /* below this offset the client may only read, not write */
	/* The shortest round trip of a message that lanes_measure() has measured. */
	unsigned round_trip_ns;
	struct tally *const *tallies; /* one for each lane, to count retries; NULL: do not count */
};

int lanes_flush(
	struct lanes_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int lanes_drain(struct lanes_client *client, unsigned lane);
int lanes_persist(
	struct lanes_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int lanes_deep_persist(struct lanes_client *client, unsigned lane, size_t offset, size_t length);
int lanes_read(struct lanes_client *client, unsigned lane, void *to, size_t offset, size_t length);

/*
 * lanes_start() begins a persist, and returns when the persist is under way; lanes_finish() waits
 * until it is done. In between, the bytes must not change, and other calls on the lane return
 * -EBUSY. lanes_finish() returns -EINVAL if no persist was started.
 */
int lanes_start(
	struct lanes_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int lanes_finish(struct lanes_client *client, unsigned lane);

/* Measure round_trip_ns on lane 0. A transport calls this as the last step of opening a client. */
int lanes_measure(struct lanes_client *client);

/*
 * Close the client. No thread may be in one of its calls. Bytes that were not drained may not be
 * durable.
 */
static inline void lanes_close(struct lanes_client *client)
{
	client->transport->close(client);
}

/*
 * Free a client's memory in a child process (fork) of the process that opened the client, without
 * ending its connections.
 */
static inline void lanes_abandon(struct lanes_client *client)
{
	client->transport->abandon(client);
}

/* -- calls of the target -- */

/*
 * The operations of the target on its pool. The functions return 0, or -errno with an error
 * message. Several threads call them at the same time, with ranges inside the pool and above the
 * guard. When `drain` on a thread returns 0, all ranges that `store` and `commit` got on that
 * thread are durable.
 *
 * A lane has a *mark*: the epoch, counted by the store, at which the lane's previous drain began;
 * 0 before the first drain. Since then, the adapter may at any time have written bytes of the lane
 * into the pool, without calling these functions. `drain` and `deep` therefore fail if any
 * write-back of the pool has failed later than the mark that the last call of `lane` on this
 * thread has set.
 */
struct lanes_store {
	void *base; /* the pool's bytes in one piece; offset 0 is the pool's first header */
	size_t size;
	size_t guard;    /* below this offset the peer must not change bytes */
	bool slow_drain; /* a drain takes much longer than a message: lanes should share drains */
	/*
	 * Copy `length` bytes into the pool. `from` is aligned to 8 bytes. Aligned words of 8
	 * bytes are stored whole.
	 */
	int (*store)(void *context, size_t offset, const void *from, size_t length);
	/*
	 * Let the next drain make bytes durable that the adapter or the kernel has written into
	 * the pool.
	 */
	int (*commit)(void *context, size_t offset, size_t length);
	/*
	 * Store the pointer to the mark of a lane, which is the epoch of its previous drain, for
	 * the next calls on this thread; `drain` updates the mark. The pointer must stay valid
	 * until the next call of `lane`.
	 */
	void (*lane)(void *context, uint64_t *mark);
	int (*drain)(void *context);
	int (*deep)(void *context, size_t offset, size_t length);
	void *context;
};

struct lanes_server;

/* The functions of a transport at the target. */
struct lanes_service {
	int (*fd)(const struct lanes_server *server);
	int (*progress)(struct lanes_server *server);
	unsigned (*connected)(const struct lanes_server *server);
	void (*close)(struct lanes_server *server);
};

/* The member that the servers of all transports have. */
struct lanes_server {
	const struct lanes_service *service;
};

/* Returns the descriptor of the server. When it is readable, call lanes_server_progress(). */
static inline int lanes_server_fd(const struct lanes_server *server)
{
	return server->service->fd(server);
}

/*
 * Handle the server's events, such as connections, which it accepts. Call this always from the same
 * thread, or from one thread at a time. Returns 0; -ECONNRESET when a connected lane is lost, as
 * when the initiator closes; or another -errno if the server cannot be used any longer.
 */
static inline int lanes_server_progress(struct lanes_server *server)
{
	return server->service->progress(server);
}

/* Returns the number of connected lanes. */
static inline unsigned lanes_server_connected(const struct lanes_server *server)
{
	return server->service->connected(server);
}

/*
 * Close the server. Each worker ends when it has executed its current message. All messages that
 * arrived before that one are in the pool.
 */
static inline void lanes_server_close(struct lanes_server *server)
{
	server->service->close(server);
}

#endif
