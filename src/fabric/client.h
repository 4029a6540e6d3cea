/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.h - the initiator's end: a client and its lanes
 *
 * A lane belongs to the thread that is in a call on it, and no lock guards it. What lanes share is
 * read-only once they are connected, except `dead`: see client_end().
 */
#ifndef FABRIC_CLIENT_H
#define FABRIC_CLIENT_H

#include <pthread.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_eq.h>
#include <rdma/fi_rma.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "fabric/fabric.h"
#include "fabric/info.h"
#include "wire/data.h"

/* Shorter stores are copied into the open message; longer ones travel from where they are. */
#define LANE_COPY_MAX 4096
/* What a message gathers: a few copies of that size, so that its own cost is shared by them. */
#define LANE_GATHER ((size_t)32 << 10)
/* Longer writes and reads by the adapter go piece by piece, so that progress can be seen. */
#define LANE_PIECE ((size_t)1 << 20)
/* So many of them at a time. */
#define LANE_PIECES 32

/* What a completion is of: the context of every operation points to one. */
struct lane_op {
	enum { LANE_SEND, LANE_REPLY, LANE_WRITE, LANE_READ } kind;
};

/* A message under way, or the one that is being gathered. */
struct lane_slot {
	struct lane_op op;
	bool sending; /* the adapter reads from the slot, or from the caller's memory */
	uint8_t *bytes;
	uint8_t *to; /* where a read's bytes belong, or NULL */
	size_t length;
};

struct lane_reply {
	struct lane_op op;
	uint8_t *bytes;
};

struct lane {
	struct fabric_client *client;
	unsigned number;
	bool connected;
	struct fid_ep *ep;
	struct fid_cq *cq;
	struct fid_mr *mr; /* over `memory`; NULL if the provider needs none */
	int cq_fd;

	struct data_welcome target;
	uint32_t next, answered; /* sequence numbers of the next message, and of the next reply */
	struct writer out;       /* the open message, if `open` */
	uint16_t records;
	bool open;
	unsigned writes, reads; /* by the adapter, under way */
	bool unconfirmed;       /* something was written since the last read-back */
	uint64_t written;       /* where */
	struct lane_op write_op, read_op;

	int failure; /* of a message, not yet told; with its text */
	char text[DATA_TEXT_MAX + 1];

	void *memory; /* all that follows */
	size_t memory_size;
	struct lane_slot *slots;
	struct lane_reply *replies;
	uint8_t *scratch; /* 8 bytes, for what is read back */
	size_t gather, reply_size;
};

struct fabric_client {
	struct fabric_client_args args;
	char *name;
	const struct fabric_method *method;
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	struct fid_eq *eq;
	struct fid_mr *local_mr; /* over the caller's memory */
	bool must_register;      /* the adapter reads and writes registered memory only */
	bool reads_by_adapter;
	size_t inject;
	unsigned round_trip_ns;
	struct lane **lanes;

	/* Written once, by client_end(); `cause` before `dead`, under the lock. */
	pthread_mutex_t lock;
	atomic_int dead;
	int dead_fd; /* an eventfd that wakes all that sleep */
	char cause[ERR_SIZE / 2];
};

/* How relaxed bytes become durable; the rest goes by message with all of them. */
struct fabric_method {
	enum fabric_method_id id;
	/* Begin to make the bytes durable. `alone`: a persist, with nothing else to gather. */
	int (*relaxed)(struct lane *lane, size_t offset, size_t length, bool alone);
	/* At a drain, before it waits for all that is under way. */
	int (*confirm)(struct lane *lane);
};

/* -- client.c -- */

/* End the client for the reason that err_get() says; the first call counts. Returns its code. */
int client_end(struct fabric_client *client, int code);
/* The code and sentence of a client that has ended, or 0. */
int client_check(struct fabric_client *client);

/* -- lane.c, lane_wait.c, lane_message.c, lane_rma.c -- */

int lane_open(struct lane *lane); /* posts the receives: before it is connected */
int lane_begin(struct lane *lane, const struct data_welcome *welcome); /* after that */
void lane_close(struct lane *lane);

/* Put the bytes at `offset` into messages; those that are full, or hold no copy, are sent. */
int lane_store(struct lane *lane, size_t offset, size_t length);
/* Add a record without bytes. */
int lane_note(struct lane *lane, enum data_action action, size_t offset, size_t length);
/* Send the open message, if there is one. */
int lane_send(struct lane *lane);
/* A message without records: its reply says that the peer is alive. */
int lane_ask(struct lane *lane);
int lane_read_message(struct lane *lane, void *to, size_t offset, size_t length);

int lane_write(struct lane *lane, size_t offset, size_t length, uint64_t flags);
int lane_read(struct lane *lane, void *to, size_t offset, size_t length);
int lane_read_back(struct lane *lane);

/* Wait until all that is under way is answered. What the target could not do stays in `failure`. */
int lane_wait(struct lane *lane);
/* Wait until the adapter needs the caller's memory no longer. */
int lane_wait_sent(struct lane *lane);

/* -- between the files of a lane -- */

int lane_post_reply(struct lane *lane, struct lane_reply *reply);
/* Wait until there is room for another message, or for another read or write. */
int lane_wait_slot(struct lane *lane);
int lane_wait_piece(struct lane *lane);
/* After a post that returned `code`: 0 to go on, 1 to post again, or -errno. */
int lane_posted(struct lane *lane, ssize_t code, const char *what);

/* What the adapter wants to know of the caller's memory. */
static inline void *lane_local_desc(const struct lane *lane)
{
	return lane->client->local_mr ? fi_mr_desc(lane->client->local_mr) : NULL;
}

/* -- method.c -- */

const struct fabric_method *fabric_method_find(enum fabric_method_id id);

#endif
