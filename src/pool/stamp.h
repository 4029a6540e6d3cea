/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp.h - the identity and generation of a pool on each of its parts that is a file
 *
 * The state file need not be on the disk of the parts, but a stamp is: it is an extended attribute
 * of each file, which a snapshot of the disk contains, and which a file from elsewhere lacks. Not
 * all file systems have extended attributes, and DAX devices have none: there is no stamp then. A
 * second attribute is the path of the state file: another pool set with the same parts has another
 * one.
 */
#ifndef POOL_STAMP_H
#define POOL_STAMP_H

#include "pool/pool.h"
#include "pool/state.h"

/*
 * Stamp all parts durably, also with the path of the state file. True if each part that is a file
 * has identity and generation.
 */
bool stamp_set(const struct pool *pool, const struct pool_state *state, const char *path);

/*
 * True, with the state, if a part's last session was that of another pool set, and the state of
 * that set has a mark. A copy of a part from before that session does not count.
 */
bool stamp_find_mark(const struct pool *pool, const char *path, struct pool_state *other);

/*
 * Check that the parts are those that were stamped with this state's identity, at `generation` or
 * later. -ESTALE, with an error message, for a part that has another stamp, or that has lost it.
 */
int stamp_check(const struct pool *pool, const struct pool_state *state, uint64_t generation);

#endif
