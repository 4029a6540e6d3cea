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
 * Write two extended attributes of each part, durably: the stamp, which is the identity and
 * generation in `state`, and the path of the state file. Returns true if each part that is a file
 * has this stamp afterwards.
 */
bool stamp_set(const struct pool *pool, const struct pool_state *state, const char *path);

/*
 * True if the last session of one of the parts belonged to another pool set, whose state says that
 * the pool is inconsistent; *other is then a copy of that state. Ignores a part that is a copy from
 * before that session.
 */
bool stamp_find_mark(const struct pool *pool, const char *path, struct pool_state *other);

/*
 * Check that the stamp of each part has the identity in this state, and `generation` or a later
 * one. -ESTALE, with an error message, for a part that has another stamp, or that has lost its
 * stamp.
 */
int stamp_check(const struct pool *pool, const struct pool_state *state, uint64_t generation);

#endif
