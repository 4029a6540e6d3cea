/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - the data path between an initiator and a target, over libfabric
 *
 * The target opens a server on its pool. Over a channel that is trusted (ssh) it tells the
 * initiator the port, a secret for each lane and the method. The initiator opens a client with
 * these values; all lanes are connected when the call returns. From then on:
 *
 * - flush	begins to make bytes of the initiator's memory durable at the target; short
 *		ranges are gathered and sent with the next drain. Without `relaxed` the bytes
 *		were copied when it returns, and aligned 8-byte words arrive whole. With it the
 *		memory must not change before the drain, and words may arrive in parts.
 * - drain	waits until all that was flushed on the lane is durable, and reports failures
 * - persist	is flush and drain
 * - read	copies bytes of the target's pool into the initiator's memory
 *
 * Lanes are independent: nothing is shared on the data path, and each lane may be used by one
 * thread at a time. A lane has no thread of its own: a caller that waits polls while that pays,
 * and then sleeps (patience.h).
 *
 * All functions return 0, or -errno with an error message. A mistake of the caller is -EINVAL and
 * changes nothing. If the target could not make bytes durable (-EIO, -ENOSPC...), the call that
 * waits for them reports it, once, and the handle stays usable. A lost connection (-ECONNRESET), a
 * peer that does not answer in time (-ETIMEDOUT) or breaks the protocol (-EPROTO) ends the whole
 * client: every call on any lane then fails at once, with the first cause.
 *
 * The connections are neither encrypted nor signed. A connection without the secret of its lane is
 * refused, and so is a second connection with the same secret.
 */
#ifndef FABRIC_FABRIC_H
#define FABRIC_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/method.h"

#define FABRIC_SECRET_SIZE 32

/*
 * Load libfabric and let it set up its providers, unless this was done already. May take 0.3 s.
 * -ENOMEDIUM if it fails. All other functions do this when needed; a caller may do it earlier in a
 * thread, beside other work.
 */
int fabric_load(void);

/* True if this machine has an adapter for RDMA. This does not load libfabric. */
bool fabric_has_adapter(void);

/*
 * Find those of the providers in `wanted` that this machine has and that reach `host` (a name or
 * an address); if `host` is NULL, those that it has. -ENOMEDIUM if there is no such provider; the
 * error message names FI_PROVIDER if that is set.
 */
int fabric_providers(const char *host, unsigned wanted, unsigned *set);

/*
 * The number of lanes, up to `wanted`, that the limit of open descriptors allows; 0 if not even
 * one.
 */
unsigned fabric_lanes_affordable(enum holdfast_provider provider, unsigned wanted);

/* -- calls of the initiator -- */

struct fabric_client;

struct fabric_client_args {
	const char *name; /* of the target, to begin error messages with */
	enum holdfast_provider provider;
	const char *host; /* the target's name or address, as given to ssh */
	uint16_t port;    /* the target has chosen these */
	unsigned nlanes;
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	enum holdfast_method method;
	bool prefers_messages;           /* send relaxed ranges by message, whatever the method */
	uint64_t pool_address, pool_key; /* for all methods except HOLDFAST_METHOD_MESSAGE */
	void *local;                     /* the caller's memory, to which offsets refer */
	size_t size;
	size_t guard;     /* only reads are allowed below this offset */
	unsigned window;  /* maximum of messages under way on a lane; 0: the target's */
	int hangup_fd;    /* readable when the target is known to be gone; -1: not given */
	int timeout_ms;   /* the longest wait without progress */
	unsigned poll_us; /* the longest time to poll before sleeping; 0: do not poll */
};

/* Open a client. Copies what `args` points to, except the memory at `local`. */
int fabric_client_open(const struct fabric_client_args *args, struct fabric_client **client);
/* No thread may be in a call. Bytes that were not drained may not be durable. */
void fabric_client_close(struct fabric_client *client);
/*
 * In a child of the process that has opened the client: free the memory, but no libfabric objects.
 */
void fabric_client_abandon(struct fabric_client *client);

int fabric_flush(
	struct fabric_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int fabric_drain(struct fabric_client *client, unsigned lane);
int fabric_persist(
	struct fabric_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int fabric_deep_persist(struct fabric_client *client, unsigned lane, size_t offset, size_t length);
int fabric_read(
	struct fabric_client *client, unsigned lane, void *to, size_t offset, size_t length);

/* The shortest round trip of a message that was measured while connecting. */
unsigned fabric_round_trip_ns(const struct fabric_client *client);

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
struct fabric_store {
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

struct fabric_server;

struct fabric_server_args {
	enum holdfast_provider provider;
	const char *address;          /* numeric address to listen on; NULL: all */
	uint16_t port_low, port_high; /* inclusive; 0, 0: any port */
	unsigned nlanes, nthreads;    /* nthreads 0: one per usable CPU, at most one per lane */
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	enum holdfast_method
		method; /* except with HOLDFAST_METHOD_MESSAGE, the pool is registered */
	int timeout_ms;
	unsigned poll_us;
	struct fabric_store store;
};

/* Listen and start the workers, which block all signals but SIGBUS. Copies the secrets. */
int fabric_server_open(const struct fabric_server_args *args, struct fabric_server **server);
uint16_t fabric_server_port(const struct fabric_server *server);

/*
 * Connections are made in fabric_server_progress(). Call it, from one thread at a time, whenever
 * the descriptor is readable. It returns 0; -ECONNRESET when a lane that was connected is lost, as
 * when the initiator closes; or another -errno when the server can no longer be used.
 */
int fabric_server_fd(const struct fabric_server *server);
int fabric_server_progress(struct fabric_server *server);
/* The number of connected lanes. */
unsigned fabric_server_connected(const struct fabric_server *server);

/*
 * Ends each worker after its current message. Messages that arrived before that one are in the
 * pool.
 */
void fabric_server_close(struct fabric_server *server);

#endif
