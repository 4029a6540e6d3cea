/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target.h - the target's end: a listener, its lanes and the workers that serve them
 *
 * The thread that calls lanes_server_progress() accepts and refuses connections. It owns all data,
 * with one exception: once a lane's `served` is set, the memory and messages of this lane belong
 * to the worker whose completion queue the lane uses. Of the data that workers share, only `failed`
 * changes.
 */
#ifndef FABRIC_TARGET_H
#define FABRIC_TARGET_H

#include <pthread.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_eq.h>
#include <rdma/fi_errno.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "fabric/fabric.h"
#include "fabric/info.h"
#include "lanes/serve.h"
#include "wire/data.h"

/* The context of each libfabric operation points to a serve_op, which tells what was completed. */
struct serve_op {
	enum { SERVE_MESSAGE, SERVE_REPLY } kind;
	struct serve_slot *slot;
};

/* Memory for one message and for the reply to this message. */
struct serve_slot {
	struct served served; /* the message; `next` is the next one in a queue of the worker */
	struct serve_op message_op, reply_op;
	struct serve_lane *lane;
	uint8_t *message; /* the adapter receives the message here */
};

struct serve_lane {
	struct fabric_server *server;
	struct worker *worker;
	unsigned number;
	enum { LANE_EXPECTED, LANE_TAKEN, LANE_CONNECTED, LANE_LOST } state;
	atomic_bool served;
	struct fid_ep *ep;
	uint32_t sequence; /* of the next message */
	bool broken;       /* the peer broke the protocol: no more of its messages are accepted */
	uint64_t mark; /* epoch at which the lane's previous drain began: see struct lanes_store */
	struct serve_slot *slots;
	uint8_t secret[FABRIC_SECRET_SIZE];
};

/* A queue of slots, in the order in which their messages arrived. */
struct serve_queue {
	struct served *first, **end;
};

struct worker {
	struct fabric_server *server;
	pthread_t thread;
	bool started;
	struct fid_cq *cq;
	int cq_fd;
	struct serve_queue undrained; /* slots whose messages were executed, but are not durable */
	struct serve_queue unsent;    /* slots with replies that the adapter had no room to send */
};

struct fabric_server {
	struct lanes_server base;
	struct fabric_server_args args;
	struct serve_limits limits;
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_eq *eq;
	struct fid_pep *listener;
	struct fid_domain *domain;
	struct fid_mr *read_mr, *write_mr, *buffers_mr;
	bool must_register;
	int eq_fd, epoll;
	uint16_t port;
	size_t inject;
	struct data_welcome welcome;
	unsigned connected, nworkers;
	unsigned slots; /* number per lane */
	struct serve_lane *lanes;
	struct worker *workers;
	void *memory; /* the slots and buffers of all lanes */
	size_t memory_size;

	atomic_bool stop;
	int stop_fd; /* an eventfd that wakes all workers */
	/*
	 * target_fail() writes these members once, with the lock held, and `cause` before
	 * `failed`.
	 */
	pthread_mutex_t lock;
	atomic_int failed;
	int failed_fd; /* an eventfd that wakes the caller of lanes_server_progress() */
	char cause[ERR_SIZE / 2];
};

/*
 * End the server. The calling thread's error message is the reason. If the server has ended
 * already, nothing changes.
 */
void target_fail(struct fabric_server *server, int code);
/* Returns 0, or the code of the server's failure, with the error message of this failure. */
int target_check(struct fabric_server *server);

#endif
