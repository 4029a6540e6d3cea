/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.h - a lane of the initiator: its connection, and the work under way on it
 *
 * These invariants, cited by number, hold for the owner of a lane: the thread that is in a call on
 * it.
 *
 * L1	Nothing of a lane is shared: queue, memory, registrations and numbers are its own, and no
 *	lock guards them. Lanes share only the members of link.h; these change only when the
 *	client ends.
 * L4	Bytes that are not relaxed may be changed by the caller when the flush returns: they were
 *	copied, or the adapter has sent them. Their aligned words arrive whole. Relaxed bytes may
 *	be changed after the drain.
 * L5	A drain that returns 0 has sent the open message and seen every write and read completed
 *	and every message answered. If the method confirms writes by a read, it has also read
 *	back the last written bytes.
 * L7	A client that has ended stays ended: every call on every lane fails with the first cause,
 *	and a thread that sleeps is woken.
 * L8	A wait ends when its condition is true, when nothing was completed for `timeout_ms`, or
 *	when the client ends. Each lane decides by itself whether to poll or sleep (patience.h).
 *
 * L9	When a read returns, nothing writes to the caller's memory any more. After a failure the
 *	lane's endpoint is closed for that, if reads are under way: this ends them.
 *
 * L2, L3 and L6 are those of lanes/messages.h. A slot is reused when its message has been answered
 * and completely sent.
 */
#ifndef FABRIC_LANE_H
#define FABRIC_LANE_H

#include <rdma/fi_endpoint.h>
#include <rdma/fi_rma.h>

#include "fabric/link.h"
#include "fabric/patience.h"
#include "lanes/messages.h"

/*
 * The adapter writes and reads in pieces of at most this many bytes, so that progress can be seen.
 */
#define LANE_PIECE ((size_t)1 << 20)
/* Maximum of pieces under way at a time. */
#define LANE_PIECES 32

/* The context of every operation points to one of these: it identifies a completion. */
struct lane_op {
	enum { LANE_SEND, LANE_REPLY, LANE_WRITE, LANE_READ } kind;
};

/* A message under way, or the open message, which is being gathered. */
struct lane_slot {
	struct lane_op op;
	bool sending; /* the adapter still reads the slot or the caller's memory */
	uint8_t *bytes;
};

struct lane_reply {
	struct lane_op op;
	uint8_t *bytes;
};

struct lane {
	struct messages messages;
	struct fabric_client *client;
	unsigned number;
	bool connected;
	struct fid_ep *ep; /* NULL after a failure that L9 is about: then the client has ended */
	struct fid_cq *cq;
	struct fid_mr *mr; /* registration of `memory`; NULL if the provider needs none */
	int cq_fd;
	struct patience patience; /* for waiting for this lane's target */

	struct data_welcome target;
	unsigned writes, reads; /* operations of the adapter under way */
	bool unconfirmed;       /* bytes were written since the last read-back */
	uint64_t written;       /* address of the last write at the target */
	struct lane_op write_op, read_op;

	void *memory; /* one block that the members below point into */
	size_t memory_size;
	struct lane_slot *slots;
	struct lane_reply *replies;
	uint8_t *scratch; /* 8 bytes: destination of read-backs */
	size_t reply_size;
};

/* The lane that these messages belong to: they are its first member. */
static inline struct lane *lane_of(struct messages *messages)
{
	return (struct lane *)messages;
}

/* -- functions of lane.c, lane_wait.c, lane_message.c and lane_rma.c -- */

int lane_open(struct lane *lane); /* before connecting: posts the receives */
int lane_begin(struct lane *lane, const struct data_welcome *welcome); /* after connecting */
void lane_close(struct lane *lane);
void lane_abandon(struct lane *lane); /* in a child of fork: free only the memory */

/* The transport's functions for messages (struct lanes_transport). */
int lane_slot(struct messages *messages, uint8_t **bytes);
int lane_post(struct messages *messages, size_t start, const void *bytes, size_t length);

int lane_write(struct lane *lane, size_t offset, size_t length, uint64_t flags);
int lane_read(struct lane *lane, void *to, size_t offset, size_t length);
int lane_read_back(struct lane *lane);

/* Wait until all messages are answered, and all writes and reads are done. */
int lane_wait(struct lane *lane);
/* Wait until the adapter does not need the caller's memory any more. */
int lane_wait_sent(struct lane *lane);

/* -- functions used between the files of a lane -- */

int lane_post_reply(struct lane *lane, struct lane_reply *reply);
/* Wait until another message, or another read or write, can be posted. */
int lane_wait_slot(struct lane *lane);
int lane_wait_piece(struct lane *lane);
/* Handle the result `code` of a post. Returns 0 to go on, 1 to post again, or -errno. */
int lane_posted(struct lane *lane, ssize_t code, const char *what);

/* The adapter's descriptor for the caller's memory, as fi_write() and the like need it. */
static inline void *lane_local_desc(const struct lane *lane)
{
	return lane->client->local_mr ? fi_mr_desc(lane->client->local_mr) : NULL;
}

#endif
