/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service_lanes.h - make the lanes of a session: choose the provider and the method by which data
 * reaches the open pool
 */
#ifndef RPMEMD_SERVICE_LANES_H
#define RPMEMD_SERVICE_LANES_H

#include "service.h"

/* Kinds of pool memory, by who may store to it. */
enum service_memory {
	SERVICE_DEVICE, /* a DAX device: an RDMA adapter or the kernel may store */
	SERVICE_FILES,  /* the kernel may store, but no RDMA adapter */
	SERVICE_GUARDED /* only this program may store, with a guard against SIGBUS */
};
enum service_memory service_memory(const struct pool *pool);

/*
 * Returns the persist method for a pool with such memory. Logs a notice if the setting persist-apm
 * has no effect.
 */
enum holdfast_method service_method(const struct config *config, enum holdfast_provider provider,
	enum pmem2_granularity granularity, enum service_memory memory);

/*
 * Make at most `nlanes` lanes to the open pool, with the best of the offered providers (a set of
 * bits) that works on this machine. Sets those fields of the reply that describe lanes. Returns 0,
 * or -errno with an error message. *secrets must be NULL; the caller frees the secrets.
 */
int service_lanes_make(struct service *service, unsigned offered, unsigned nlanes,
	struct control_started *told, uint8_t **secrets);

/* End the lanes, if the pool has any. */
void service_lanes_end(struct service *service);

#endif
