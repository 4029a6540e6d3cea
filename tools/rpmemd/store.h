/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.h - make what a peer sends durable in a pool on this machine
 *
 *	granularity	a store		a range already there	end of a message
 *	BYTE		copied		nothing			fence
 *	CACHE_LINE	copied, flushed	flushed			fence
 *	PAGE		copied, noted	noted			msync(2) of what was noted
 *
 * A device beside files has their granularity, PAGE; its bytes are flushed before the msync(2).
 *
 * A store that raises SIGBUS (fault.h), as to a full disk, is done again by write(2), which says
 * why it fails. The lane is told, and the pool goes on.
 *
 * The kernel reports a page that it could not write once, to one of those that wait for the file:
 * perhaps not to the lane whose page it was. So a drain also fails if any write-back of the pool
 * has failed since the previous drain of its lane began (map/file_sync.h): the adapter may have
 * put bytes there ever since. A lane that has been told may store its bytes again, and drain them.
 */
#ifndef RPMEMD_STORE_H
#define RPMEMD_STORE_H

#include "fabric/fabric.h"
#include "pool/pool.h"

struct store {
	struct pool *pool;
	char *base;
	enum pmem2_granularity granularity;
	bool has_device; /* a part is a DAX device, which msync(2) does nothing for */
};

/* The pool stays the caller's. One store per process: threads note for one only. */
void store_init(struct store *store, struct pool *pool);

/* The functions that the data path is given. */
struct fabric_store store_functions(struct store *store);

#endif
