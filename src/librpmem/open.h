/* SPDX-License-Identifier: BSD-3-Clause */
/* open.h - connect to a target again, for a pool whose connection is lost */
#ifndef LIBRPMEM_OPEN_H
#define LIBRPMEM_OPEN_H

#include "librpmem/pool.h"

/*
 * Start ssh and the daemon for the pool of `lost`, which stays as it is, and connect its lanes.
 * *again is a handle of its own, which shares the counters of `lost`; its notes are not used. If a
 * session has begun, it is resumed. -ESTALE if the pool is not as `lost` has left it. Other errors
 * are those of rpmem_open().
 */
int open_again(RPMEMpool *lost, RPMEMpool **again);

/* End the connection of such a handle and free it. Keeps the error message. */
void open_discard(RPMEMpool *again);

#endif
