/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shutdown.h - find out if the medium lost data while the pool was open
 *
 * When power fails, stored energy moves what is in the persistence domain to the media. If that
 * does not work, the module counts an unsafe shutdown. A pool whose features ask for it records
 * these counts when it is opened, and that it is open. If it is opened again without having been
 * closed, and the counts or the modules differ, its data cannot be trusted.
 *
 * Functions return 0, or -errno with an error message.
 */
#ifndef POOL_SHUTDOWN_H
#define POOL_SHUTDOWN_H

#include "pool/internal.h"

/* Check the recorded state, and record that the pool is open. -EINVAL: data may be lost. */
int shutdown_begin(struct pool *pool);

/* Record that the pool is closed. */
int shutdown_end(struct pool *pool);

#endif
