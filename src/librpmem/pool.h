/* SPDX-License-Identifier: BSD-3-Clause */
/* pool.h - the internal struct of an RPMEMpool */
#ifndef LIBRPMEM_POOL_H
#define LIBRPMEM_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/tally.h"
#include "fabric/fabric.h"
#include "librpmem/fork.h"
#include "librpmem.h"
#include "librpmem/notes.h"
#include "librpmem/session.h"
#include "wire/control.h"

struct pool_started {
	uint64_t begun; /* by tally_now() */
	size_t offset, length;
};

/* Data of one lane. Only the thread that is in a call on the lane changes it. */
struct pool_lane {
	_Alignas(128) struct tally tally; /* CPUs may fetch cache lines in pairs */
	atomic_bool is_started;           /* a started persist has not been waited for */
	struct pool_started started;      /* the arguments of the started persist */
};

/*
 * Constant while the pool is open, except for `error` and the members after it. A reconnect, with
 * no call in progress, changes the members that describe the connection.
 */
struct rpmem_pool {
	struct fork_owner owner;
	struct session *session;
	struct lanes_client *lanes;
	unsigned nlanes;
	size_t size;                 /* bytes of `addr`, as the program requested */
	size_t guard;                /* offsets below `guard` must not be persisted */
	void *addr;                  /* the program's memory */
	struct notes notes;          /* remembers the ranges that the target may lack */
	bool has_state;              /* the target keeps a state and sessions of the pool */
	struct control_state seen;   /* the target's state of the pool when it was opened */
	struct control_started told; /* the target's reply, without its secrets */
	char host[256];              /* address or name that the data channel connects to */

	/* Counters of each lane, and pointers to them. */
	struct pool_lane *lanes_counted;
	struct tally **tallies;
	atomic_uint ncounted; /* number of lanes with counters; set when these are ready */

	atomic_uint waiters; /* threads that wait for a persist that was started (waiters.h) */
	atomic_bool closing;

	atomic_int error; /* 0, or the negative errno that ended the handle; set after `why` */
	/* the session has begun, or the target keeps no sessions; set after `mine` */
	atomic_bool begun;
	pthread_mutex_t lock;     /* held while the handle is ended */
	atomic_bool reconnecting; /* a thread is in holdfast_remote_reconnect() */

	/* Guards the next two members. A thread that holds it takes no other lock. */
	pthread_mutex_t beginning;
	bool tried;                  /* a request to begin the session `mine` has been made */
	struct control_session mine; /* this session, as the target knows it */

	char why[ERR_SIZE];
};

/* 0 if the caller's memory begins at a page and has whole pages; else -EINVAL. */
int pool_check_memory(const void *addr, size_t size);

/*
 * Open a pool, as rpmem_create() and rpmem_open() do; `type` is the request: CONTROL_CREATE,
 * CONTROL_OPEN or CONTROL_REPAIR.
 */
int pool_start(RPMEMpool **pool, uint32_t type, const char *target, const char *set, void *addr,
	size_t size, unsigned *nlanes, const struct rpmem_pool_attr *attr);

/* Send the request CLOSE with these flags. */
int pool_close_at_target(const struct session *session, uint32_t flags);

/* Close a pool, as rpmem_close() does. */
int pool_finish(RPMEMpool *rpp);

/*
 * True if a persist has been started on the lane and not been waited for. Any thread may call this
 * function. While it is true, no reconnect replaces the lanes.
 */
static inline bool pool_is_started(const RPMEMpool *rpp, unsigned lane)
{
	return lane < rpp->nlanes &&
	       atomic_load_explicit(&rpp->lanes_counted[lane].is_started, memory_order_acquire);
}

/* 0, or the error that ended the handle, with its error message. */
int pool_failure(RPMEMpool *rpp);

/* True if the handle has ended. */
static inline bool pool_has_ended(RPMEMpool *rpp)
{
	return atomic_load(&rpp->error);
}

/*
 * Begin the session, before the first store. Returns 0 at once if it has begun. Any thread may
 * call it.
 */
int pool_begin(RPMEMpool *rpp);

/*
 * End the handle with this error, unless it has already ended: its first error is kept. Returns
 * true if this call ended the handle.
 */
bool pool_end(RPMEMpool *rpp, int error, const char *sentence);

/*
 * End the handle for good, with this error and the thread's last error message, even if it has
 * already ended with another error.
 */
void pool_give_up(RPMEMpool *rpp, int error);

/* Make a handle that has ended usable again, after a reconnect. */
void pool_revive(RPMEMpool *rpp);

/*
 * End the handle if the result `rc` of a data operation requires it. Returns the error to report.
 */
int pool_judge(RPMEMpool *rpp, int rc);

/*
 * True if a program gives a pool attributes. NULL and zeros stand for a pool without attributes.
 */
bool pool_attr_given(const struct rpmem_pool_attr *attr);

#endif
