/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lanes.h - the data path between an initiator and a target, whatever transport carries it
 *
 * A transport (fabric/fabric.h, stream/stream.h) opens a client at the initiator and a server at
 * the target. Then these calls are the same for all of them:
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

/* The functions of a transport at the initiator. Those of a lane get its messages (messages.h). */
struct lanes_transport {
	/* 0, or the code of a client that has ended, with the error message of that end. */
	int (*check)(struct lanes_client *client);
	struct messages *(*lane)(struct lanes_client *client, unsigned number);

	/*
	 * Wait until another message may be sent; *bytes is then memory of `gather` bytes to build
	 * it in.
	 */
	int (*slot)(struct messages *lane, uint8_t **bytes);
	/* Send `start` bytes of that memory, and `length` bytes of the caller's memory. */
	int (*post)(struct messages *lane, size_t start, const void *bytes, size_t length);
	/* Wait until all messages are answered, and all other work of the lane is done. */
	int (*wait)(struct messages *lane);
	/* Wait until the transport does not need the caller's memory any more. */
	int (*wait_sent)(struct messages *lane);

	/*
	 * Begin to make relaxed bytes durable. `alone`: this is a persist, so nothing else is
	 * gathered.
	 */
	int (*relaxed)(struct messages *lane, size_t offset, size_t length, bool alone);
	/* Called by a drain before it waits for the work under way. */
	int (*confirm)(struct messages *lane);
	int (*read)(struct messages *lane, void *to, size_t offset, size_t length);

	void (*close)(struct lanes_client *client);
	void (*abandon)(struct lanes_client *client);
};

/* The part that the clients of all transports have. Constant once the client is open. */
struct lanes_client {
	const struct lanes_transport *transport;
	const char *name; /* name of the target, which begins error messages */
	unsigned nlanes;
	const char *local; /* the caller's memory, to which offsets refer */
	size_t size;
	size_t guard; /* only reads are allowed below this offset */
	/* The shortest round trip of a message that was measured after connecting. */
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
 * Start a persist, and return when it is under way; then wait for it. The bytes must not change in
 * between, and other calls on the lane are -EBUSY. lanes_finish() is -EINVAL if none was started.
 */
int lanes_start(
	struct lanes_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int lanes_finish(struct lanes_client *client, unsigned lane);

/* Measure round_trip_ns on lane 0. For transports, as the last step of opening a client. */
int lanes_measure(struct lanes_client *client);

/* No thread may be in a call. Bytes that were not drained may not be durable. */
static inline void lanes_close(struct lanes_client *client)
{
	client->transport->close(client);
}

/*
 * In a child of the process that has opened the client: free the memory, but end no connection.
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
 * A lane has a *mark*: the epoch at which its previous drain began, 0 before the first. The
 * adapter may have written the lane's bytes into the pool, without these functions, at any time
 * since. `drain` and `deep` therefore fail if any write-back of the pool has failed later than the
 * mark that the last call of `lane` on this thread has set.
 */
struct lanes_store {
	void *base; /* the pool's bytes, contiguous; offset 0 is its first header */
	size_t size;
	size_t guard;    /* the peer must not change bytes below this offset */
	bool slow_drain; /* a drain takes much longer than a message: share drains */
	/*
	 * Copy into the pool. `from` is aligned to 8 bytes, and aligned 8-byte words are stored
	 * whole.
	 */
	int (*store)(void *context, size_t offset, const void *from, size_t length);
	/*
	 * Make bytes durable, with the next drain, that the adapter or the kernel wrote into the
	 * pool.
	 */
	int (*commit)(void *context, size_t offset, size_t length);
	/*
	 * Set the mark, which `drain` moves. The pointer must stay valid until the next call of
	 * `lane`.
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

/* The part that the servers of all transports have. */
struct lanes_server {
	const struct lanes_service *service;
};

/*
 * Call lanes_server_progress(), from one thread at a time, whenever the descriptor is readable. It
 * makes connections. It returns 0; -ECONNRESET when a lane that was connected is lost, as when the
 * initiator closes; or another -errno when the server can no longer be used.
 */
static inline int lanes_server_fd(const struct lanes_server *server)
{
	return server->service->fd(server);
}

static inline int lanes_server_progress(struct lanes_server *server)
{
	return server->service->progress(server);
}

/* The number of connected lanes. */
static inline unsigned lanes_server_connected(const struct lanes_server *server)
{
	return server->service->connected(server);
}

/*
 * Ends each worker after its current message. Messages that arrived before that one are in the
 * pool.
 */
static inline void lanes_server_close(struct lanes_server *server)
{
	server->service->close(server);
}

#endif
