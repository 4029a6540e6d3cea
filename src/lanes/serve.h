/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve.h - how the target executes the messages of its lanes and builds their replies
 *
 * A worker executes the messages that have arrived, makes their stores durable by one drain, and
 * sends the replies:
 *
 *	serve_message(&limits, served, number);		for each message
 *	serve_drain(&limits, first);			for all of them
 */
#ifndef LANES_SERVE_H
#define LANES_SERVE_H

#include "lanes/lanes.h"
#include "wire/data.h"

/* Room for a reply without bytes of the pool. */
#define SERVE_REPLY_SIZE (DATA_REPLY_SIZE + DATA_TEXT_MAX)

struct serve_limits {
	const struct lanes_store *store;
	uint32_t message_size; /* the most bytes that a reply may have */
	bool copies;           /* the transport cannot send bytes of the pool in place */
};

/* A message, and the reply to it. The transport sets the first members. */
struct served {
	struct served *next;    /* next message that waits for the same drain */
	uint64_t *mark;         /* mark of the lane: see struct lanes_store */
	const uint8_t *message; /* aligned to 8 bytes */
	size_t size;            /* length of the message, in bytes */
	uint8_t *reply;         /* SERVE_REPLY_SIZE bytes; with `copies` message_size more */

	uint32_t sequence; /* the expected number of the message */
	int failed;        /* -errno of the request; the reply is then built already */
	bool stored;       /* it has stores or commits to drain */
	const void *bytes; /* bytes of the pool, to send after the reply */
	size_t reply_length, length;
};

/*
 * Execute the message, but do not make its stores durable. `sequence` is the number that it must
 * have. Returns false if the peer broke the protocol: the lane then accepts no more messages.
 */
bool serve_message(const struct serve_limits *limits, struct served *served, uint32_t sequence);

/*
 * Drain once for all messages of the list, which this thread has executed, and build the replies.
 * A reply begins at `reply`; bytes of the pool, if any, follow from `bytes` and `length`.
 */
void serve_drain(const struct serve_limits *limits, struct served *first);

/*
 * CPUs that this process may run on: an affinity mask set by the administrator is obeyed. A server
 * has one worker for each unless it is given another number.
 */
unsigned serve_count_cpus(void);

#endif
