/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - the data path between an initiator and a target, over libfabric
 *
 * The target opens a server on its pool and tells the initiator, over a channel that is trusted
 * (ssh), the port, a secret for each lane and the method. The initiator opens a client with them;
 * all lanes are connected when that returns. From then on:
 *
 * - flush	begins to make bytes of the initiator's memory durable at the target; small ones are
 *		gathered and travel with the next drain. Without `relaxed` the bytes were copied
 *		when it returns, and aligned 8-byte words arrive whole. With it the memory must
 *		not change before the drain, and words may arrive in parts.
 * - drain	waits until all that was flushed on the lane is durable, and tells of failures
 * - persist	is flush and drain
 * - read	copies bytes of the target's pool into the initiator's memory
 *
 * Lanes are independent: nothing is shared on the data path, and each lane may be used by one
 * thread at a time. A lane needs no thread: a waiter polls while that pays, and then sleeps
 * (patience.h).
 *
 * All functions return 0 or -errno and leave a sentence. What a caller did wrong is -EINVAL and
 * changes nothing. What the target could not make durable (-EIO, -ENOSPC...) is told once, by the
 * call that waits for it, and the handle stays good. A lost connection (-ECONNRESET), a peer that
 * does not answer in time (-ETIMEDOUT) or breaks the protocol (-EPROTO) ends the whole client:
 * every call on any lane then fails at once, with the first cause.
 *
 * The connections are neither encrypted nor signed. A connection without the secret of its lane is
 * refused, and so is a second one with it.
 */
#ifndef FABRIC_FABRIC_H
#define FABRIC_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/method.h"

#define FABRIC_SECRET_SIZE 32

/*
 * Load libfabric and let it set up its providers, which may take 0.3 s, unless that is done.
 * -ENOMEDIUM if that fails. All other functions do so, too: a caller with other work can do this
 * beside it, in a thread.
 */
int fabric_load(void);

/* Whether this machine has an adapter for RDMA. This does not load libfabric. */
bool fabric_has_adapter(void);

/*
 * Which of the providers in `wanted` this machine has, towards `host` (a name or an address) or,
 * if that is NULL, at all. -ENOMEDIUM if none; the sentence names FI_PROVIDER if that is set.
 */
int fabric_providers(const char *host, unsigned wanted, unsigned *set);

/* So many of `wanted` lanes that the limit of open descriptors allows now; 0 if not even one. */
unsigned fabric_lanes_affordable(enum holdfast_provider provider, unsigned wanted);

/* -- initiator -- */

struct fabric_client;

struct fabric_client_args {
	const char *name; /* of the other side, to begin sentences with */
	enum holdfast_provider provider;
	const char *host; /* as ssh reached it */
	uint16_t port;    /* these are the target's to say */
	unsigned nlanes;
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	enum holdfast_method method;
	bool prefers_messages; /* relaxed ranges are sent like others, whatever the method */
	uint64_t pool_address, pool_key; /* for all methods but HOLDFAST_METHOD_MESSAGE */
	void *local;                     /* the caller's memory, of which offsets are meant */
	size_t size;
	size_t guard;     /* no persist below this offset; reads are allowed */
	unsigned window;  /* messages of a lane under way, at most; 0: what the target allows */
	int hangup_fd;    /* readable when the target is known to be gone; -1 if none */
	int timeout_ms;   /* the longest wait without progress */
	unsigned poll_us; /* how long to poll before sleeping, at most; 0: not at all */
};

/* Copies what `args` points to, except the memory at `local`. */
int fabric_client_open(const struct fabric_client_args *args, struct fabric_client **client);
/* No thread may be in a call. What was not drained may not be durable. */
void fabric_client_close(struct fabric_client *client);
/* Free its memory, in a child of the process that has opened it, and nothing of libfabric's. */
void fabric_client_abandon(struct fabric_client *client);

int fabric_flush(
	struct fabric_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int fabric_drain(struct fabric_client *client, unsigned lane);
int fabric_persist(
	struct fabric_client *client, unsigned lane, size_t offset, size_t length, bool relaxed);
int fabric_deep_persist(struct fabric_client *client, unsigned lane, size_t offset, size_t length);
int fabric_read(
	struct fabric_client *client, unsigned lane, void *to, size_t offset, size_t length);

/* The shortest round trip of a message that was seen while connecting. */
unsigned fabric_round_trip_ns(const struct fabric_client *client);

/* -- target -- */

/*
 * The operations of the target on its pool. The functions return 0 or -errno with a sentence; they
 * are called by several threads at once, with ranges inside the pool and above the guard. All that
 * `store` and `commit` were told on a thread is durable when a `drain` on that thread returns 0.
 *
 * A lane has a *mark*: the moment when its previous drain began, 0 before any. Its bytes may have
 * been put into the pool, past these functions, ever since. `drain` and `deep` therefore fail if
 * any write-back of the pool has failed later than the mark that `lane` has named on this thread.
 */
struct fabric_store {
	void *base; /* the pool's bytes, side by side; offset 0 is its first header */
	size_t size;
	size_t guard;    /* nothing below this offset is changed by the peer */
	bool slow_drain; /* a drain takes much longer than a message: it is worth sharing */
	/* Copy into the pool, whose aligned 8-byte words stay whole. `from` is aligned so. */
	int (*store)(void *context, size_t offset, const void *from, size_t length);
	/* The bytes are already in the pool, written by the adapter or the kernel. */
	int (*commit)(void *context, size_t offset, size_t length);
	/* The mark, which `drain` moves, must stay where it is until the next call of this. */
	void (*lane)(void *context, uint64_t *mark);
	int (*drain)(void *context);
	int (*deep)(void *context, size_t offset, size_t length);
	void *context;
};

struct fabric_server;

struct fabric_server_args {
	enum holdfast_provider provider;
	const char *address;          /* numeric, to listen on; NULL: any */
	uint16_t port_low, port_high; /* 0, 0: any port */
	unsigned nlanes, nthreads; /* nthreads 0: as many as CPUs to run on, at most one a lane */
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	enum holdfast_method
		method; /* the pool is registered for all but HOLDFAST_METHOD_MESSAGE */
	int timeout_ms;
	unsigned poll_us;
	struct fabric_store store;
};

/* Listens and starts the workers, with all signals but SIGBUS blocked. Copies the secrets. */
int fabric_server_open(const struct fabric_server_args *args, struct fabric_server **server);
uint16_t fabric_server_port(const struct fabric_server *server);

/*
 * Connections are made while somebody calls fabric_server_progress() whenever the descriptor is
 * readable. It returns 0; -ECONNRESET when a lane that was connected is lost, as when the
 * initiator closes; or another -errno when the server is of no more use. One thread at a time.
 */
int fabric_server_fd(const struct fabric_server *server);
int fabric_server_progress(struct fabric_server *server);
/* How many lanes are connected. */
unsigned fabric_server_connected(const struct fabric_server *server);

/* Ends the workers after the message that each is at; what arrived before it is in the pool. */
void fabric_server_close(struct fabric_server *server);

#endif
