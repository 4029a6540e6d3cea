/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.h - make what a peer sends durable in a pool on this machine
 *
 *	granularity	a store		a range already there	end of a message
 *	BYTE		copied		nothing			fence
 *	CACHE_LINE	copied, flushed	flushed			fence
 *	PAGE		copied, noted	noted			msync(2) of what was noted
 *
 * The kernel tells of a page that it could not write once, to one of those who wait for the file:
 * perhaps not to the one whose page it was. So whoever has noted something before any such failure
 * fails, too.
 */
#ifndef RPMEMD_STORE_H
#define RPMEMD_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "fabric/fabric.h"
#include "pool/pool.h"

struct store {
	struct pool *pool;
	char *base;
	enum pmem2_granularity granularity;
	pthread_mutex_t syncing; /* for each msync(2), and until its failure is counted */
	atomic_uint failures;    /* written under `syncing` */
};

/* The pool stays the caller's. One store per process: threads note for one only. */
void store_init(struct store *store, struct pool *pool);
void store_fini(struct store *store);

/* What the data path is given. */
struct fabric_store store_functions(struct store *store);

/* pool_set_attributes(), which writes pages back as well. */
int store_set_attributes(struct store *store, const struct rpmem_pool_attr *attr);

#endif
