/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.h - data that all lanes of an initiator share, and the end of the client
 *
 * All of this data is read-only once the lanes are connected, except what link_end() writes.
 */
#ifndef FABRIC_LINK_H
#define FABRIC_LINK_H

#include <pthread.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_eq.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "fabric/fabric.h"
#include "fabric/info.h"

struct lane;
struct method;

struct fabric_client {
	struct lanes_client base;
	struct fabric_client_args args;
	char *name;
	const struct method *method;
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	struct fid_eq *eq;
	struct fid_mr *local_mr; /* registration of the caller's memory */
	bool must_register;      /* the adapter can only access registered memory */
	bool reads_by_adapter;
	size_t inject;
	struct lane **lanes;

	/* link_end() writes these members once, with the lock held, and `cause` before `dead`. */
	pthread_mutex_t lock;
	atomic_int dead;
	int dead_fd; /* an eventfd that wakes all sleeping threads */
	char cause[ERR_SIZE / 2];
};

/* Returns the struct fabric_client that contains the struct lanes_client. */
static inline struct fabric_client *fabric_client_of(struct lanes_client *lanes)
{
	return (struct fabric_client *)lanes;
}

/*
 * End the client; the error message of err_get() is the reason. If the client has ended already,
 * nothing changes. Returns the code with which the client ended first. Any thread may call this.
 */
int link_end(struct fabric_client *client, int code);
/* Returns 0, or the code with which the client has ended, with the error message of that end. */
int link_check(struct fabric_client *client);

#endif
