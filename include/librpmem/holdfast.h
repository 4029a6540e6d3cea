/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librpmem/holdfast.h - what Holdfast's librpmem offers beyond the calls of librpmem.h
 *
 * These names are exported under a version node of their own: a program that uses one says so when
 * it is linked, and does not start with a librpmem that lacks it. Each struct begins with its
 * size; later versions may add members at the end, and values to the enums.
 */
#ifndef LIBRPMEM_HOLDFAST_H
#define LIBRPMEM_HOLDFAST_H 1

#include <stddef.h>
#include <stdint.h>

#include <libpmem2/base.h>
#include <libpmem2/explain.h>
#include <librpmem.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The provider that carries the data. */
enum holdfast_provider {
	HOLDFAST_PROVIDER_NONE,
	HOLDFAST_PROVIDER_VERBS, /* RDMA */
	HOLDFAST_PROVIDER_TCP
};

/* How a range becomes durable at the target, with the flag RELAXED; without, it is by message. */
enum holdfast_method {
	HOLDFAST_METHOD_NONE,
	HOLDFAST_METHOD_MESSAGE,        /* in a message; the target's CPU stores and flushes */
	HOLDFAST_METHOD_WRITE_MESSAGE,  /* written into the pool, then a message asks to flush */
	HOLDFAST_METHOD_WRITE_READ,     /* written into the pool, and proved by reading after it */
	HOLDFAST_METHOD_WRITE_DELIVERED /* written into the pool; it is durable when delivered */
};

/* A pool that is open. */
struct holdfast_remote {
	size_t struct_size;
	enum holdfast_provider provider;
	enum holdfast_method method;
	enum pmem2_granularity
		granularity; /* of the pool at the target: the coarsest of its parts' */
	unsigned nlanes;
	unsigned round_trip_ns; /* of a small message; the shortest while connecting */
	unsigned port;          /* of the data channel, at the target */
	const char *address;    /* the same: numeric, or the host's name */
	size_t pool_size;       /* at the target, in bytes: at least what was asked for */
	size_t header_size;     /* where no persist may begin: 4096, or 0 for a pool without */
};

/*
 * The facts of an open pool. *remote is the caller's to free. 0, or -1 and errno: EINVAL if an
 * argument is NULL, ENOMEM.
 */
int holdfast_remote_info(RPMEMpool *rpp, struct holdfast_remote **remote);
void holdfast_remote_free(struct holdfast_remote **remote);

/* A part of a pool set at a target. */
struct holdfast_remote_part {
	size_t struct_size;
	const char *path;                /* over there */
	uint64_t size;                   /* in bytes */
	enum holdfast_survival survival; /* whether it survives a power cut, the target says */
};

/* A pool set at a target. */
struct holdfast_remote_set {
	size_t struct_size;
	uint64_t size;               /* of its pool, in bytes */
	int created;                 /* it has a pool: what is below is of that */
	int busy;                    /* somebody has it open: what is below is not known */
	size_t header_size;          /* 4096, or 0 for a pool without headers */
	struct rpmem_pool_attr attr; /* zeros for a pool without headers */
	enum pmem2_granularity granularity;
	unsigned max_lanes; /* that the daemon grants */
	/*
	 * The method that a client gets over either; HOLDFAST_METHOD_NONE where the target lacks
	 * it.
	 */
	enum holdfast_method method_verbs, method_tcp;
	size_t part_count; /* of those told of; a set may have more */
	const struct holdfast_remote_part *const *parts;
	const char *version;             /* of the protocol that the target speaks: "1.0" */
	enum holdfast_survival survival; /* of the least durable of all parts */
};

/*
 * Ask a target for a pool set, without opening it. *set is the caller's to free. 0, or -1 and
 * errno as of rpmem_open().
 */
int holdfast_remote_describe(
	const char *target, const char *pool_set_name, struct holdfast_remote_set **set);
void holdfast_remote_set_free(struct holdfast_remote_set **set);

/* Words for what they stand for: "tcp", "write+message". "?" for an unknown value. */
const char *holdfast_provider_name(enum holdfast_provider provider);
const char *holdfast_method_name(enum holdfast_method method);

#ifdef __cplusplus
}
#endif

#endif
