/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - lanes over libfabric (lanes/lanes.h), and what this machine's providers can do
 *
 * The target opens a server on its pool. Over ssh, which both sides trust, the target tells the
 * initiator its port, a secret for each lane, and the method by which data is made durable. With
 * these values the initiator opens a client; when this call returns, all lanes are connected.
 *
 * Nothing is shared between lanes on the data path. A caller that waits first polls; when polling
 * no longer pays, it sleeps (patience.h).
 *
 * The connections are neither encrypted nor signed. A connection without the secret of its lane is
 * refused, and so is a second connection with the same secret.
 */
#ifndef FABRIC_FABRIC_H
#define FABRIC_FABRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lanes/lanes.h"
#include "wire/method.h"

#define FABRIC_SECRET_SIZE 32

/*
 * Load libfabric and let it set up its providers, unless this was done already. May take 0.3 s.
 * Returns -ENOMEDIUM if it fails. All other functions do this when needed. To save time, a thread
 * may call this function early, while the caller does other work.
 */
int fabric_load(void);

/* True if this machine has an adapter for RDMA. This does not load libfabric. */
bool fabric_has_adapter(void);

/*
 * Find out which of the providers in `wanted` this machine has and can use to reach `host` (a name
 * or an address). If `host` is NULL, they need not reach anything. Returns -ENOMEDIUM if there is
 * no such provider. If the variable FI_PROVIDER is set, the error message names it.
 */
int fabric_providers(const char *host, unsigned wanted, unsigned *set);

/*
 * Returns how many lanes the limit of open descriptors allows, but at most `wanted`; 0 if it does
 * not allow a single one.
 */
unsigned fabric_lanes_affordable(enum holdfast_provider provider, unsigned wanted);

/* -- calls of the initiator -- */

struct fabric_client_args {
	const char *name; /* name of the target, which begins error messages */
	enum holdfast_provider provider;
	const char *host; /* the target's name or address, as given to ssh */
	uint16_t port;    /* chosen by the target, as are nlanes, secrets and method */
	unsigned nlanes;
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	enum holdfast_method method;
	/*
	 * send ranges in messages even if they were flushed with "relaxed", whatever the persist
	 * method
	 */
	bool prefers_messages;
	/* for the adapter's writes to the pool; not used with HOLDFAST_METHOD_MESSAGE */
	uint64_t pool_address, pool_key;
	void *local; /* memory of the caller, where offset 0 is its beginning */
	size_t size;
	size_t guard;     /* below this offset the client may only read, not write */
	unsigned window;  /* maximum of unanswered messages on a lane; 0: what the target allows */
	int hangup_fd;    /* descriptor, readable once the target is known to be gone; or -1 */
	int timeout_ms;   /* the longest wait without progress */
	int connect_ms;   /* longest wait while connecting; 0: timeout_ms */
	unsigned poll_us; /* the longest time to poll before sleeping; 0: do not poll */
	bool learns;      /* also poll at the time when an answer is expected: patience.h */
	/* as in struct lanes_client; must exist as long as the client */
	struct tally *const *tallies;
};

/* Open a client. Copies what the members of `args` point to, except the memory at `local`. */
int fabric_client_open(const struct fabric_client_args *args, struct lanes_client **client);

/* -- calls of the target -- */

struct fabric_server_args {
	enum holdfast_provider provider;
	const char *address;          /* numeric address to listen on; NULL: all addresses */
	uint16_t port_low, port_high; /* range of ports, both included; 0, 0: any port */
	/* nthreads: number of worker threads; 0: one per usable CPU, at most nlanes */
	unsigned nlanes, nthreads;
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE];
	/* unless this is HOLDFAST_METHOD_MESSAGE, the pool is registered with the adapter */
	enum holdfast_method method;
	int timeout_ms;
	unsigned poll_us; /* `poll_us` and `learns` mean the same as in struct fabric_client_args */
	bool learns;
	struct lanes_store store;
};

/*
 * Listen, and start the worker threads, which block all signals except SIGBUS. Copies the secrets.
 */
int fabric_server_open(const struct fabric_server_args *args, struct lanes_server **server);
uint16_t fabric_server_port(const struct lanes_server *server);

#endif
