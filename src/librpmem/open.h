/* SPDX-License-Identifier: BSD-3-Clause */
/* open.h - connect to a target again, for a pool whose connection is lost */
#ifndef LIBRPMEM_OPEN_H
#define LIBRPMEM_OPEN_H

#include "librpmem/pool.h"

/*
 * Start ssh and the daemon again for the pool of the handle `lost`, which is unchanged, and connect
 * the lanes. *again becomes a separate handle, which uses the counters of `lost` and has no list of
 * ranges that the target may lack. If the session of `lost` has begun, it is resumed. -ESTALE if
 * the pool at the target has changed since `lost` was connected. Other errors are those of
 * rpmem_open().
 */
int open_again(RPMEMpool *lost, RPMEMpool **again);

/*
 * End the connection of a handle made by open_again(), and free the handle. Keeps the error
 * message.
 */
void open_discard(RPMEMpool *again);

#endif
