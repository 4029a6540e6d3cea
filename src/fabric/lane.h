/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.h - a lane of the initiator: its connection, and the work under way on it
 *
 * These invariants, which other comments cite by number, hold for the owner of a lane: the thread
 * that is in a call on this lane.
 *
 * L1	Nothing of a lane is shared: queue, memory, registrations and numbers are its own, and no
 *	lock guards them. Lanes share only struct fabric_client (link.h), which changes only when
 *	the client ends.
 * L4	When a flush without "relaxed" returns, its bytes were copied, or the adapter has sent
 *	them: the caller may change them. Their aligned words arrive whole. The bytes of a relaxed
 *	flush may only be changed after the drain.
 * L5	When a drain returns 0, it has sent the message that was still being filled, every write
 *	and read is completed, and every message answered. If the persist method confirms writes
 *	by a read, the drain has also read back the last written bytes.
 * L7	A client that has ended stays ended: every call on every lane fails with the first cause,
 *	and a thread that sleeps is woken.
 * L8	A wait ends when the awaited condition is true, when no operation was completed for
 *	`timeout_ms`, or when the client ends. Each lane decides by itself whether to poll or sleep
 *	(patience.h).
 *
 * L9	When a read returns, nothing writes to the caller's memory any more. If a call fails while
 *	reads are under way, the lane's endpoint is closed, which ends these reads.
 *
 * L2, L3, L6 and L10 are in lanes/messages.h. A slot is reused when its message has been answered
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
 * Maximum size in bytes of one write or read by the adapter. Larger ones are divided, so that
 * progress can be seen.
 */
#define LANE_PIECE ((size_t)1 << 20)
/* Maximum number of pieces of writes and reads that a lane has under way at a time. */
#define LANE_PIECES 32

/* The context of each libfabric operation points to a lane_op, which tells what was completed. */
struct lane_op {
	enum { LANE_SEND, LANE_REPLY, LANE_WRITE, LANE_READ } kind;
};

/*
 * Memory of a message: of one that is under way, or of the open message, which is still being
 * filled.
 */
struct lane_slot {
	struct lane_op op;
	bool sending; /* the adapter may still read the slot or the caller's memory */
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
	struct fid_ep *ep; /* NULL if closed after a failure (L9): then the client has ended */
	struct fid_cq *cq;
	struct fid_mr *mr; /* registration of `memory`; NULL if the provider needs none */
	int cq_fd;
	struct patience patience; /* decides how long to poll for this lane's target */

	struct data_welcome target;
	unsigned writes, reads; /* numbers of the adapter's operations under way */
	bool unconfirmed;       /* bytes were written that no read-back has confirmed yet */
	uint64_t written;       /* address of the last write, in the target's memory */
	struct lane_op write_op, read_op;

	void *memory; /* one block of memory; the pointers below lead into it */
	size_t memory_size;
	struct lane_slot *slots;
	struct lane_reply *replies;
	uint8_t *scratch; /* 8 bytes of memory that read-backs read into */
	size_t reply_size;
};

/* Returns the lane whose first member is this struct messages. */
static inline struct lane *lane_of(struct messages *messages)
{
	return (struct lane *)messages;
}

/* -- functions of lane.c, lane_wait.c, lane_message.c and lane_rma.c -- */

int lane_open(struct lane *lane); /* called before the lane is connected: posts the receives */
int lane_begin(struct lane *lane, const struct data_welcome *welcome); /* after connecting */
void lane_close(struct lane *lane);
void lane_abandon(struct lane *lane); /* in a child of fork: only frees the memory */

/* Functions for struct lanes_transport, which send messages by libfabric. */
int lane_slot(struct messages *messages, uint8_t **bytes);
int lane_post(struct messages *messages, size_t start, const void *bytes, size_t length);

int lane_write(struct lane *lane, size_t offset, size_t length, uint64_t flags);
int lane_read(struct lane *lane, void *to, size_t offset, size_t length);
int lane_read_back(struct lane *lane);

/* Wait until all messages of the lane are answered, and all its writes and reads are done. */
int lane_wait(struct lane *lane);
/* Wait until the adapter does not need the caller's memory any more. */
int lane_wait_sent(struct lane *lane);

/* -- functions used between the files of a lane -- */

int lane_post_reply(struct lane *lane, struct lane_reply *reply);
/*
 * lane_wait_slot() waits until another message can be posted, lane_wait_piece() until another read
 * or write can be posted.
 */
int lane_wait_slot(struct lane *lane);
int lane_wait_piece(struct lane *lane);
/*
 * Handle the result `code` of posting an operation. Returns 0 if it was posted, 1 if it has to be
 * posted again, or -errno.
 */
int lane_posted(struct lane *lane, ssize_t code, const char *what);

/*
 * Returns the registration descriptor of the caller's memory, for fi_write() and similar
 * functions.
 */
static inline void *lane_local_desc(const struct lane *lane)
{
	return lane->client->local_mr ? fi_mr_desc(lane->client->local_mr) : NULL;
}

#endif
