/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * headers.h - the headers of a pool: how they refer to each other, made, checked and changed
 *
 * The parts form a ring: each knows the one before and the one after, the last and the first being
 * neighbours; a pool with one header is a ring of one. Replicas form a ring as well, whose members
 * are known by their first parts; a pool that is the only one is its own neighbour.
 *
 * Functions return 0 or -errno with a sentence.
 */
#ifndef POOL_HEADERS_H
#define POOL_HEADERS_H

#include "pool/internal.h"

/* Whether attributes go with a pool that has headers, and one or many. -EINVAL. */
int headers_agree(
	const char *name, bool no_headers, bool single_header, const struct rpmem_pool_attr *attr);

/* Make up those of a new pool; nothing is written. */
int headers_make(struct pool *pool, const struct rpmem_pool_attr *attr);

/* Write those of parts that are new (to their owner alone, yet), or of those that were there. */
int headers_write(struct pool *pool, bool new);

/* Read and check all. -EBADMSG: one is damaged; -EINVAL: one is missing, or they do not match. */
int headers_read(struct pool *pool);

/* Write attributes into all; the pool's own are changed on success only. */
int headers_change(struct pool *pool, const struct rpmem_pool_attr *attr);

/* Write the first one's state of the last shutdown. */
int headers_write_shutdown(struct pool *pool, const struct header_shutdown *state);

#endif
