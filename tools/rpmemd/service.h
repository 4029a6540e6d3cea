/* SPDX-License-Identifier: BSD-3-Clause */
/* service.h - what one initiator asks for: its pool, and the server of its data channel */
#ifndef RPMEMD_SERVICE_H
#define RPMEMD_SERVICE_H

#include "config.h"
#include "fabric/fabric.h"
#include "store.h"
#include "wire/control.h"

/* At most one pool, and the server with it. */
struct service {
	const struct config *config;
	struct pool *pool; /* NULL: none is open */
	struct store store;
	struct fabric_server *server; /* NULL without a pool */
	bool created;                 /* by this initiator */
	bool kept;                    /* and it has said that it may stay */
};

/* All return 0, or -errno with a sentence. CREATE or OPEN; the secrets are the caller's to free. */
int service_start(struct service *service, bool create, const struct control_start *start,
	struct control_started *told, uint8_t **secrets);
int service_set_attr(struct service *service, const struct control_set_attr *set);

/* Stop the server and close the pool; one that was created and not kept is removed. */
int service_close(struct service *service, bool discard);

int service_remove(const struct config *config, const struct control_named *named);

/* Describe a pool set: `told` points into `set`, which is the caller's to free. */
int service_describe(const struct config *config, const struct control_named *named,
	struct control_description *told, struct pool_set **set);

/* An adapter, or the kernel in its place, cannot store to the memory of every pool. */
enum service_memory {
	SERVICE_DEVICE, /* either can: it is a DAX device */
	SERVICE_FILES,  /* the kernel can */
	SERVICE_GUARDED /* neither: a store may raise SIGBUS, and must be one of ours */
};
enum service_memory service_memory(const struct pool *pool);

/* How a range becomes durable in such a pool; logged where that is not what was asked. */
enum holdfast_method service_method(const struct config *config, enum holdfast_provider provider,
	enum pmem2_granularity granularity, enum service_memory memory);

#endif
