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

/* Size in bytes of a reply that has no bytes of the pool. */
#define SERVE_REPLY_SIZE (DATA_REPLY_SIZE + DATA_TEXT_MAX)

struct serve_limits {
	const struct lanes_store *store;
	uint32_t message_size; /* the maximum number of bytes in a reply */
	bool copies;           /* the transport cannot send bytes from the pool without copying */
};

/* A message and its reply. The transport sets the members up to `reply`. */
struct served {
	struct served *next; /* next message that waits for the same drain */
	/* epoch at which the previous drain of the message's lane began: see struct lanes_store */
	uint64_t *mark;
	const uint8_t *message; /* aligned to 8 bytes */
	size_t size;            /* length of the message, in bytes */
	uint8_t *reply;         /* SERVE_REPLY_SIZE bytes; if `copies`, message_size bytes more */

	uint32_t sequence; /* number that the message has to have */
	int failed;        /* -errno if the message was refused; its reply is then built already */
	bool stored;       /* the message has stores or commits that need a drain */
	const void *bytes; /* bytes of the pool that are sent behind the reply */
	size_t reply_length, length;
};

/*
 * Execute the message, but do not make its stores durable. `sequence` is the number that the
 * message must have. Returns false if the peer broke the protocol: then the lane accepts no more
 * messages.
 */
bool serve_message(const struct serve_limits *limits, struct served *served, uint32_t sequence);

/*
 * Drain once for all messages of the list, which this thread has executed, and build the replies.
 * In each message, `reply` and `reply_length` are then the reply, and `bytes` and `length` the
 * bytes of the pool to send behind it, if any.
 */
void serve_drain(const struct serve_limits *limits, struct served *first);

/*
 * Returns the number of CPUs that this process may run on, according to its affinity mask. A
 * server has one worker for each of these CPUs, unless another number is asked for.
 */
unsigned serve_count_cpus(void);

#endif
