/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shutdown.h - whether the medium lost data while the pool was open
 *
 * What is in the persistence domain reaches the media with the last energy of the power supply. If
 * that fails, the module counts an unsafe shutdown. A pool whose features ask for it notes the
 * counts when it is opened, and that it is open; found open later with other counts, or on other
 * modules, its data cannot be trusted.
 *
 * Functions return 0 or -errno with a sentence.
 */
#ifndef POOL_SHUTDOWN_H
#define POOL_SHUTDOWN_H

#include "pool/internal.h"

/* Check, and note that it is open. -EINVAL: data may be lost. */
int shutdown_begin(struct pool *pool);

/* Note that it is closed. */
int shutdown_end(struct pool *pool);

#endif
