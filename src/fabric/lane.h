/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.h - a lane of the initiator: a connection of its own, and what is under way on it
 *
 * What the owner of a lane may assume, by number. Its owner is the thread that is in a call on it.
 *
 * L1	Nothing of a lane is shared: queue, memory, registrations and numbers are its own, and no
 *	lock guards them. Lanes share only what link.h holds, and of that only the end changes.
 * L2	Messages are numbered, and answered in that order. At most `target.window` of them are
 *	unanswered. A slot is filled again when its message is answered, and sent as well.
 * L3	A reply that does not fit the oldest unanswered message ends the client: one that is
 *	malformed, has another number, or brings more or fewer bytes than were asked for.
 * L4	Bytes that are not relaxed are the caller's again when the flush returns: they were copied,
 *	or the adapter has sent them. Their aligned words travel whole. Relaxed bytes are the
 *	caller's again after the drain.
 * L5	A drain that returns 0 has sent the open message, seen every write and read completed, every
 *	message answered, and, if the method confirms, a read of what was written last.
 * L6	What the target could not do stays in `failure`, the first of several, and is reported once,
 *	by the call that waits for it. The lane is as good as before.
 * L7	A client that has ended stays so: every call on every lane fails with the first cause, and a
 *	thread that sleeps is woken.
 * L8	A wait ends: when it is over, when nothing was completed for `timeout_ms`, or with the
 *	client. Whether it polls or sleeps is decided for each lane by itself (patience.h).
 */
#ifndef FABRIC_LANE_H
#define FABRIC_LANE_H

#include <rdma/fi_endpoint.h>
#include <rdma/fi_rma.h>

#include "fabric/link.h"
#include "fabric/patience.h"
#include "wire/data.h"

/* Shorter stores are copied into the open message; longer ones travel from where they are. */
#define LANE_COPY_MAX 4096
/* A message gathers that much: a few copies of that size, so that they share its own cost. */
#define LANE_GATHER ((size_t)32 << 10)
/* Longer writes and reads by the adapter go piece by piece, so that progress can be seen. */
#define LANE_PIECE ((size_t)1 << 20)
/* At most that many of them at a time. */
#define LANE_PIECES 32

/* The subject of a completion: the context of every operation points to one. */
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
	struct patience patience; /* with its target */

	struct data_welcome target;
	uint32_t next, answered; /* numbers of the next message, and of the next reply: L2 */
	struct writer out;       /* the open message, if `open` */
	uint16_t records;
	bool open;
	unsigned writes, reads; /* by the adapter, under way */
	bool unconfirmed;       /* something was written since the last read-back */
	uint64_t written;       /* where */
	struct lane_op write_op, read_op;

	int failure; /* of a message, not yet reported, with its text: L6 */
	char text[DATA_TEXT_MAX + 1];

	void *memory; /* all that follows */
	size_t memory_size;
	struct lane_slot *slots;
	struct lane_reply *replies;
	uint8_t *scratch; /* 8 bytes, for what is read back */
	size_t gather, reply_size;
};

/* -- lane.c, lane_wait.c, lane_message.c, lane_rma.c -- */

int lane_open(struct lane *lane); /* posts the receives: before it is connected */
int lane_begin(struct lane *lane, const struct data_welcome *welcome); /* after that */
void lane_close(struct lane *lane);
void lane_abandon(struct lane *lane); /* free its memory only */

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

/* The adapter's descriptor of the caller's memory. */
static inline void *lane_local_desc(const struct lane *lane)
{
	return lane->client->local_mr ? fi_mr_desc(lane->client->local_mr) : NULL;
}

#endif
