/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * service_lanes.h - the lanes of a session: by which provider and method data reaches the open
 * pool
 */
#ifndef RPMEMD_SERVICE_LANES_H
#define RPMEMD_SERVICE_LANES_H

#include "service.h"

/* The ways to store to the memory of a pool. */
enum service_memory {
	SERVICE_DEVICE, /* a DAX device: adapter and kernel may store to it */
	SERVICE_FILES,  /* only the kernel may store to it, for an adapter */
	SERVICE_GUARDED /* only guarded stores by this program: they may raise SIGBUS */
};
enum service_memory service_memory(const struct pool *pool);

/* The persist method for such a pool. Logs it if persist-apm was set and cannot be obeyed. */
enum holdfast_method service_method(const struct config *config, enum holdfast_provider provider,
	enum pmem2_granularity granularity, enum service_memory memory);

/*
 * Make lanes to the open pool by the best of the offered providers (a set of bits) that works on
 * this machine, at most `nlanes`. Sets the fields of the reply that are about lanes. 0, or -errno
 * with an error message. *secrets must be NULL; the caller frees the secrets.
 */
int service_lanes_make(struct service *service, unsigned offered, unsigned nlanes,
	struct control_started *told, uint8_t **secrets);

/* End the lanes, if there are any. */
void service_lanes_end(struct service *service);

#endif
