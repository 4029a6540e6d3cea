/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.h - make the bytes that an initiator sends durable in a pool on this machine
 *
 *	granularity	a store		a range already written	end of a message
 *	BYTE		copied		nothing			fence
 *	CACHE_LINE	copied, flushed	flushed			fence
 *	PAGE		copied, noted	noted			msync(2) of noted ranges
 *
 * "Noted" means that the thread remembers the range for its next msync(2).
 *
 * If a pool has files and devices, its granularity is PAGE; bytes of devices are flushed before
 * the msync(2).
 *
 * A store that raises SIGBUS (fault.h), for example because the disk is full, is repeated by
 * write(2), which reports the reason of the failure. The lane gets the error, and the pool stays
 * open.
 *
 * If the kernel could not write a page, it reports that once, to one of the callers that sync the
 * file, and perhaps not for the lane that stored to the page. So a drain also fails if any
 * write-back of the pool has failed since the previous drain of its lane began (map/file_sync.h):
 * since then, the adapter may have written bytes of that lane at any time. A lane that got the
 * error may store its bytes again, and drain them.
 */
#ifndef RPMEMD_STORE_H
#define RPMEMD_STORE_H

#include "lanes/lanes.h"
#include "pool/pool.h"

struct store {
	struct pool *pool;
	char *base;
	enum pmem2_granularity granularity;
	bool has_device; /* a part of the pool is a DAX device, which msync(2) does not flush */
};

/*
 * Initialise the store for a pool, which still belongs to the caller. A process may have only one
 * store, because each thread has only one list of ranges to sync.
 */
void store_init(struct store *store, struct pool *pool);

/* Returns the functions of this store, which the server of lanes calls. */
struct lanes_store store_functions(struct store *store);

#endif
