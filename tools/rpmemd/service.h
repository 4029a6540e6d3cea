/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service.h - execute the requests of one initiator: open, change and close its pool, and run the
 * server for its data
 */
#ifndef RPMEMD_SERVICE_H
#define RPMEMD_SERVICE_H

#include "config.h"
#include "control_io.h"
#include "fabric/fabric.h"
#include "publish.h"
#include "store.h"
#include "wire/compare.h"
#include "wire/control.h"
#include "writers.h"

/* State for one initiator, which has at most one pool open, with a server for the data. */
struct service {
	const struct config *config;
	struct pool *pool;      /* NULL: no pool is open */
	struct writers writers; /* keeps the state file of the pool */
	struct store store;
	struct lanes_server *server; /* NULL without a pool */
	struct publish publish;      /* the socket is open while the pool is open */
	bool in_stream;              /* the lanes are in the control channel */
	uint8_t provider;            /* provider of the lanes; 0: no server runs */
	struct control_io *io;       /* the control channel */
	bool created;                /* this initiator has created the pool */
	bool kept;                   /* the initiator has sent KEEP: do not remove a created pool */
	bool begins;                 /* the initiator begins sessions by BEGIN, and not by OPEN */
	bool looks;                  /* the pool is open for reading only, without a server */
	uint8_t *buffer;             /* bytes of the pool, to be hashed; NULL: not allocated yet */
};

/* A request that opens a pool. */
struct service_start {
	uint32_t type; /* kind of request: CREATE, OPEN, RESUME or REPAIR */
	const struct control_start *start;
	const struct control_session *session; /* RESUME */
};

/*
 * Open or create the pool, and start the server. Returns 0, or -errno with an error message.
 * *secrets must be NULL; the caller frees the secrets.
 */
int service_start(struct service *service, const struct service_start *request,
	struct control_started *told, uint8_t **secrets);
/* End the lanes of the open pool, and make new ones. */
int service_relane(struct service *service, const struct control_lanes *lanes,
	struct control_started *told, uint8_t **secrets);
int service_set_attr(struct service *service, const struct control_set_attr *set);

/* Execute BEGIN. Sets *session to the session that has begun. */
int service_begin(struct service *service, const uint8_t *secret, struct control_session *session);

/* Execute LOOK: open a pool for reading only. */
int service_look(
	struct service *service, const struct control_named *named, struct compare_looked *looked);

/* True for the requests HASHES, BEGIN, MARK and CLEAR. */
bool service_is_work(uint32_t type);

/*
 * Execute a request for which service_is_work() is true on the open pool, and write the fields of
 * the reply. `service` is a struct service. While the pool is open, the thread of jobs.h may call
 * this function, too.
 */
int service_work(
	void *service, const struct control_head *head, const uint8_t *body, struct writer *out);

/* Stop the server and close the pool. A pool that was created and not kept is removed. */
int service_close(struct service *service, bool discard);

/* Does what service_close() does, for a pool that the initiator has not closed. */
int service_end(struct service *service);

int service_remove(const struct config *config, const struct control_named *named);

/*
 * Get the counters of the initiator that has the pool of a set open. Returns -ENOENT if they are
 * not known.
 */
int service_counters(const struct config *config, const struct control_named *named,
	struct wire_session *session);

/* Describe a pool set. The strings of `told` belong to *set, which the caller frees. */
int service_describe(const struct config *config, const struct control_named *named,
	struct control_description *told, struct pool_set **set);

#endif
