/* SPDX-License-Identifier: BSD-3-Clause */
/* pool.h - what is behind an RPMEMpool */
#ifndef LIBRPMEM_POOL_H
#define LIBRPMEM_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "fabric/fabric.h"
#include "librpmem/fork.h"
#include "librpmem.h"
#include "librpmem/session.h"
#include "wire/control.h"

/* All but what follows `error` is constant while the pool is open. */
struct rpmem_pool {
	struct fork_owner owner;
	struct session *session;
	struct fabric_client *fabric;
	unsigned nlanes;
	size_t size;                 /* that the program has asked for, and has memory for */
	size_t guard;                /* no persist may begin below */
	struct control_started told; /* by the target; not its secrets */
	char host[256];              /* where the data channel leads */

	atomic_int error;     /* negative errno with which the handle has ended, after `why` */
	pthread_mutex_t lock; /* for who ends it */
	char why[ERR_SIZE];
};

/* 0, or why a call on the handle fails: it is another process's, or has ended; with a sentence. */
int pool_check(RPMEMpool *rpp);

/* 0, or how the handle has ended, with its sentence. */
int pool_failure(RPMEMpool *rpp);

/* Ends the handle if the result `rc` of a data operation means that. Returns it. */
int pool_judge(RPMEMpool *rpp, int rc);

/* Whether a program gives a pool attributes: NULL and zeros stand for a pool without them. */
bool pool_attr_given(const struct rpmem_pool_attr *attr);

#endif
