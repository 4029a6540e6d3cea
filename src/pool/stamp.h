/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp.h - the identity and generation of a pool on each of its parts that is a file
 *
 * The state file is not on the disk of the parts. A stamp is: an extended attribute of each file,
 * which a snapshot of the disk contains, and which a file from elsewhere lacks. Not all file
 * systems have extended attributes, and DAX devices have none: there is no stamp then.
 */
#ifndef POOL_STAMP_H
#define POOL_STAMP_H

#include "pool/pool.h"
#include "pool/state.h"

/* Stamp all parts durably. True if each part that is a file has its stamp. */
bool stamp_set(const struct pool *pool, const struct pool_state *state);

/*
 * Check that the parts are those that were stamped with this state's identity, at `generation` or
 * later. -ESTALE, with an error message, for a part that has another stamp, or that has lost it.
 */
int stamp_check(const struct pool *pool, const struct pool_state *state, uint64_t generation);

#endif
