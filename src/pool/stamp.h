/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp.h - the identity and generation of a pool on each of its parts that is a file
 *
 * The state file may be on another disk than the parts. A stamp is always on the disk of its part:
 * it is an extended attribute of the part's file, so a snapshot of the disk contains it, and a
 * file that does not belong to the pool lacks it. Not all file systems have extended attributes,
 * and DAX devices have none: parts without them have no stamp. A second attribute contains the
 * path of the state file, because another pool set with the same parts has another state file.
 */
#ifndef POOL_STAMP_H
#define POOL_STAMP_H

#include "pool/pool.h"
#include "pool/state.h"

/*
 * Stamp all parts durably, and store the path of the state file in them. Returns true if each part
 * that is a file has the identity and generation in its stamp afterwards.
 */
bool stamp_set(const struct pool *pool, const struct pool_state *state, const char *path);

/*
 * True if the last session of one of the parts belonged to another pool set, and the state of that
 * set has a mark; *other is then a copy of that state. Ignores parts that were copied before that
 * session.
 */
bool stamp_find_mark(const struct pool *pool, const char *path, struct pool_state *other);

/*
 * Check that the parts are those that were stamped with this state's identity, at `generation` or
 * later. -ESTALE, with an error message, for a part that has another stamp, or that has lost it.
 */
int stamp_check(const struct pool *pool, const struct pool_state *state, uint64_t generation);

#endif
