/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * headers.h - the headers of a pool: make, check and change them, and how they refer to each other
 *
 * The parts form a ring: each header has the uuids of the previous and the next part, and the last
 * part is followed by the first. A pool with one header is a ring of one. Replicas form a ring as
 * well, each identified by its first part; a pool without replicas is its own neighbour.
 *
 * Functions return 0, or -errno with an error message.
 */
#ifndef POOL_HEADERS_H
#define POOL_HEADERS_H

#include "pool/internal.h"

/*
 * Check that attributes fit a set with one header, a header in each part, or none; -EINVAL if not.
 */
int headers_agree(
	const char *name, bool no_headers, bool single_header, const struct rpmem_pool_attr *attr);

/* Make the headers of a new pool in memory; nothing is written. */
int headers_make(struct pool *pool, const struct rpmem_pool_attr *attr);

/*
 * Write the headers to the parts. If `new` is true, only to the newly made files, which no other
 * process can see yet; else only to the parts that existed before.
 */
int headers_write(struct pool *pool, bool new);

/*
 * Read and check all headers. -EBADMSG: one is damaged; -EINVAL: one is missing or does not match.
 */
int headers_read(struct pool *pool);

/* Write attributes into all headers. The struct pool is changed on success only. */
int headers_change(struct pool *pool, const struct rpmem_pool_attr *attr);

/* Write the state of the last shutdown into the first header. */
int headers_write_shutdown(struct pool *pool, const struct header_shutdown *state);

#endif
