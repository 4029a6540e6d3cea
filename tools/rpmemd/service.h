/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service.h - execute the requests of one initiator: its pool, and the server of its data channel
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

/* The state for one initiator: at most one pool, with its server. */
struct service {
	const struct config *config;
	struct pool *pool;      /* NULL: no pool is open */
	struct writers writers; /* of the pool */
	struct store store;
	struct lanes_server *server; /* NULL without a pool */
	struct publish publish;      /* open as long as the pool is */
	bool in_stream;              /* the lanes are in the control channel */
	uint8_t provider;            /* of the lanes; 0 without a server */
	struct control_io *io;       /* the control channel */
	bool created;                /* by this initiator */
	bool kept;                   /* the initiator has sent KEEP: a created pool stays */
	bool begins;                 /* initiator sends BEGIN; if not, any OPEN begins a session */
	bool looks;                  /* the pool is open for reading only, without a server */
	uint8_t *buffer;             /* bytes of the pool that are being hashed; or NULL */
};

/* A request that opens a pool. */
struct service_start {
	uint32_t type; /* CREATE, OPEN, RESUME or REPAIR */
	const struct control_start *start;
	const struct control_session *session; /* RESUME */
};

/* 0, or -errno with an error message. *secrets must be NULL; the caller frees the secrets. */
int service_start(struct service *service, const struct service_start *request,
	struct control_started *told, uint8_t **secrets);
/* End the lanes of the open pool, and make others. */
int service_relane(struct service *service, const struct control_lanes *lanes,
	struct control_started *told, uint8_t **secrets);
int service_set_attr(struct service *service, const struct control_set_attr *set);

/* BEGIN: `session` becomes the one that has begun. */
int service_begin(struct service *service, const uint8_t *secret, struct control_session *session);

/* LOOK: open a pool for reading only. */
int service_look(
	struct service *service, const struct control_named *named, struct compare_looked *looked);

/* True for HASHES, BEGIN, MARK and CLEAR. */
bool service_is_work(uint32_t type);

/*
 * Execute such a request on the open pool, and write the fields of its reply. `service` is a
 * struct service. Another thread may call it while the pool is open, as that of jobs.h.
 */
int service_work(
	void *service, const struct control_head *head, const uint8_t *body, struct writer *out);

/* Stop the server and close the pool. A pool that was created and not kept is removed. */
int service_close(struct service *service, bool discard);

/* As service_close(), for a pool that its initiator has not closed. */
int service_end(struct service *service);

int service_remove(const struct config *config, const struct control_named *named);

/* Facts about the initiator that has the pool of a set open. -ENOENT if they are not known. */
int service_counters(const struct config *config, const struct control_named *named,
	struct wire_session *session);

/* Describe a pool set. `told` points into `set`, which the caller frees. */
int service_describe(const struct config *config, const struct control_named *named,
	struct control_description *told, struct pool_set **set);

#endif
