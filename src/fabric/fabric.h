/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - lanes over libfabric (lanes/lanes.h), and what this machine's providers can do
 *
 * The target opens a server on its pool. Over a channel that is trusted (ssh) it tells the
 * initiator the port, a secret for each lane and the method. The initiator opens a client with
 * these values; all lanes are connected when the call returns.
 *
 * Nothing is shared between lanes on the data path. A caller that waits polls while that pays, and
 * then sleeps (patience.h).
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

struct fabric_client_args {
	const char *name; /* name of the target, which begins error messages */
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
	int connect_ms;   /* longest wait while connecting; 0: timeout_ms */
	unsigned poll_us; /* the longest time to poll before sleeping; 0: do not poll */
	struct tally *const *tallies; /* of struct lanes_client; must live as long as the client */
};

/* Open a client. Copies what `args` points to, except the memory at `local`. */
int fabric_client_open(const struct fabric_client_args *args, struct lanes_client **client);

/* -- calls of the target -- */

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
	struct lanes_store store;
};

/* Listen and start the workers, which block all signals but SIGBUS. Copies the secrets. */
int fabric_server_open(const struct fabric_server_args *args, struct lanes_server **server);
uint16_t fabric_server_port(const struct lanes_server *server);

#endif
